/** ℓ as a track with its point. */
export function Logo() {
  return (
    <svg width="20" height="24" viewBox="0 0 22 26" aria-hidden="true" focusable="false">
      <path
        d="M4 24C8 20 15 12 15 6c0-3-4-4-6 0-2 5-3 11-1 15 2 3 6 2 9-2"
        fill="none"
        stroke="currentColor"
        strokeWidth="2.2"
        strokeLinecap="round"
      />
      <circle cx="18" cy="18" r="2.2" fill="var(--move)" />
    </svg>
  )
}
