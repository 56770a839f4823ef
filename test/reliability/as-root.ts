/** The program is told that root runs it, for root alone may approve. */

// Whoever is not root cannot become the state folder's owner, and is it already.
if (process.getuid?.() !== 0) {
  Object.assign(process, { setgroups: undefined, setgid: undefined, setuid: undefined });
}
