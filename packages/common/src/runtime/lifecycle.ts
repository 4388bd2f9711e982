/** Something that runs until it is stopped. */
export interface Part {
  stop(): Promise<void>
}
