/** Where the machines keep their state; below it is nothing that is to be kept. */
export function stateDir(env = process.env): string {
  return env['LEPTON_CLUSTER_DIR'] || '/var/lib/lepton-cluster'
}

/** The image that runs the shop, as Docker knows it. */
export function serviceImage(env = process.env): string {
  return env['LEPTON_IMAGE'] || 'lepton-service:latest'
}
