/** Redirects to the login when the session has ended, with the current page as `next`. */

/** WebSocket close code for a caller who is not signed in. */
const UNKNOWN_CALLER = 4401;
let leaving = false;

export function isSessionEnd(statusOrCode: number): boolean {
  return statusOrCode === 401 || statusOrCode === UNKNOWN_CALLER;
}

export function toLogin(): void {
  if (leaving) return;
  leaving = true;
  location.assign(loginAddress(location.pathname + location.search));
}

export function loginAddress(here: string): string {
  return `/login?next=${encodeURIComponent(here)}`;
}
