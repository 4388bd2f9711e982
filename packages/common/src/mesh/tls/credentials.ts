/** What a process proves by who it is, and what it believes others by. PEM. */
export interface Credentials {
  /** The certificate of this process, then those between it and its authority. */
  cert: string
  key: string
  ca: readonly string[]
  /** Whose names count besides those of the own trust domain. */
  trustDomains: readonly string[]
}

/** Where credentials come from: the latest is the one that counts. */
export interface CredentialSource {
  follow(listener: (credentials: Credentials) => void): { close(): Promise<void> }
}
