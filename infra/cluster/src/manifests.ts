import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'

/** Kubernetes' objects, as far as our rules look at them. */
export interface Manifest {
  kind: string
  metadata: { name: string; labels?: Record<string, string> }
  spec?: { template?: { spec: PodSpec }; replicas?: number; [field: string]: unknown }
  rules?: { verbs: string[]; resourceNames?: string[] }[]
  data?: Record<string, string>
}

export interface PodSpec {
  automountServiceAccountToken?: boolean
  serviceAccountName?: string
  enableServiceLinks?: boolean
  terminationGracePeriodSeconds?: number
  securityContext?: { runAsNonRoot?: boolean; seccompProfile?: { type: string } }
  containers: Container[]
  volumes?: { name: string; secret?: { secretName: string }; configMap?: unknown }[]
}

export interface Container {
  name: string
  image: string
  command?: string[]
  env?: { name: string; value?: string; valueFrom?: { secretKeyRef?: unknown } }[]
  envFrom?: { configMapRef?: { name: string }; secretRef?: unknown }[]
  resources?: { limits?: { memory?: string }; requests?: { cpu?: string; memory?: string } }
  startupProbe?: unknown
  readinessProbe?: unknown
  livenessProbe?: unknown
  securityContext?: {
    readOnlyRootFilesystem?: boolean
    allowPrivilegeEscalation?: boolean
    capabilities?: { drop?: string[] }
  }
}

interface Kustomization {
  resources: string[]
  configMapGenerator?: { name: string; literals: string[] }[]
}

export function parseManifests(text: string): Manifest[] {
  return parseAllDocuments(text).flatMap((document) => (document.toJS() as Manifest | null) ?? [])
}

export function readManifests(folder: string): Manifest[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.yaml') && file !== 'kustomization.yaml')
    .flatMap((file) => parseManifests(readFileSync(join(folder, file), 'utf8')))
}

export function readKustomization(folder: string): Kustomization {
  const [content] = parseManifests(readFileSync(join(folder, 'kustomization.yaml'), 'utf8'))
  return content as unknown as Kustomization
}

/** The settings that a folder's kustomization makes a ConfigMap of. */
export function settingsIn(folder: string): Record<string, string> {
  const literals = readKustomization(folder).configMapGenerator?.flatMap((map) => map.literals) ?? []
  return Object.fromEntries(
    literals.map((literal) => {
      const at = literal.indexOf('=')
      return [literal.slice(0, at), literal.slice(at + 1)]
    }),
  )
}

/** The base as kustomize makes it, without kustomize: common.yaml merged into the Deployments of services. */
export function readBase(folder: string): Manifest[] {
  const { resources } = readKustomization(folder)
  const read = (file: string) => parseManifests(readFileSync(join(folder, file), 'utf8'))
  const [common] = read('common.yaml')
  return resources
    .flatMap(read)
    .map((manifest) =>
      manifest.metadata.labels?.['lepton/kind'] === 'service'
        ? { ...(merge(manifest, common) as Manifest), metadata: manifest.metadata }
        : manifest,
    )
}

/** A strategic merge: fields of objects one by one, and lists whose elements have names by the name. */
function merge(base: unknown, patch: unknown): unknown {
  if (isNamedList(base) && isNamedList(patch)) {
    const names = new Set([...base, ...patch].map(({ name }) => name))
    const find = (list: { name: string }[], name: string) => list.find((element) => element.name === name)
    return [...names].map((name) => merge(find(base, name), find(patch, name)))
  }
  if (isObject(base) && isObject(patch)) {
    const keys = new Set([...Object.keys(base), ...Object.keys(patch)])
    return Object.fromEntries([...keys].map((key) => [key, merge(base[key], patch[key])]))
  }
  return patch ?? base
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isNamedList(value: unknown): value is { name: string }[] {
  return Array.isArray(value) && value.every((element) => isObject(element) && 'name' in element)
}
