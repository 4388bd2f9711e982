import { Component, type ReactNode } from 'react'
import { useMessages } from '../messages/messages.tsx'
import { Button } from './button.tsx'
import { Empty } from './panel.tsx'

/** Keeps the frame of the page where its content met a bug, or a file of an older build is gone. */
export class Boundary extends Component<{ children: ReactNode }, { hasFailed: boolean }> {
  override state = { hasFailed: false }

  static getDerivedStateFromError() {
    return { hasFailed: true }
  }

  override render() {
    return this.state.hasFailed ? <Failed /> : this.props.children
  }
}

function Failed() {
  const { trouble } = useMessages()
  return (
    <Empty title={trouble.crashed}>
      <Button onClick={() => location.reload()}>{trouble.reload}</Button>
    </Empty>
  )
}
