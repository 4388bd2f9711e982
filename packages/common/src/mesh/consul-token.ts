import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'

export interface ConsulToken {
  /**
   * Runs a request with the token. When Consul refuses it and the file holds another by now, it runs once more with that.
   *
   * @param isRefused says so of an answer; an error says it by its `statusCode`
   */
  use<T>(request: (token: string | undefined) => Promise<T>, isRefused?: (answer: T) => boolean): Promise<T>
}

/**
 * The ACL token of this process: none, a fixed one, or what a file holds, so that a token can be replaced while
 * everything runs. While the file cannot be read, the last token stays.
 *
 * @throws Error where the file cannot be read at the start, or is empty
 */
export function createConsulToken({
  token,
  tokenFile,
}: {
  token?: string | undefined
  tokenFile?: string | undefined
}): ConsulToken {
  let current = tokenFile === undefined ? token : readFileSync(tokenFile, 'utf8').trim()
  if (tokenFile !== undefined && current === '') throw new Error(`${tokenFile} holds no token of Consul's`)

  async function isReplaced(refused: string | undefined): Promise<boolean> {
    if (tokenFile === undefined) return false
    const text = await readFile(tokenFile, 'utf8').catch(() => '')
    // A file that is being written may be empty for a moment.
    current = text.trim() || current
    return current !== refused
  }

  return {
    async use(request, isRefused = () => false) {
      const used = current
      let answer: Awaited<ReturnType<typeof request>>
      try {
        answer = await request(used)
      } catch (error) {
        if (statusOf(error) !== 403 || !(await isReplaced(used))) throw error
        return request(current)
      }
      return isRefused(answer) && (await isReplaced(used)) ? request(current) : answer
    },
  }
}

function statusOf(error: unknown): number | undefined {
  return (error as { statusCode?: number }).statusCode
}
