// Before the first paint, or a dark page would begin with a white one.
try {
  var theme = localStorage.getItem('theme')
  if (theme) document.documentElement.dataset.theme = theme
} catch {
  // Storage is off: the system's theme it is.
}
