import { composeTarget } from './compose-target.ts'
import { KUBERNETES, targetUrl } from './config.ts'
import { kubernetesTarget } from './kubernetes-target.ts'
import { launcherTarget } from './launcher-target.ts'
import type { Target } from './target.ts'

/** The shop of this run: the one the suite started, or the one that LEPTON_TARGET names. */
export function openTarget(): Promise<Target> {
  const url = targetUrl()
  if (url === undefined) return launcherTarget()
  return url === KUBERNETES ? kubernetesTarget() : composeTarget(url)
}
