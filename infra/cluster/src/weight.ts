import { existsSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'

/** What one process of the host weighs, in the file of either version of control groups. */
const PROCESS = { '/sys/fs/cgroup/cpu/k8s.io/cpu.shares': 1_024, '/sys/fs/cgroup/k8s.io/cpu.weight': 100 }

/**
 * Lets all pods together weigh what those of so many machines would, a process for each core. They are one control group,
 * which has the weight of a single process otherwise: beside whatever else the host does, the shop would starve.
 */
export function weighPods(nodes: number): void {
  for (const [file, weight] of Object.entries(PROCESS)) {
    if (existsSync(file)) writeFileSync(file, String(nodes * availableParallelism() * weight))
  }
}
