/** The end of a session: on to the login, and back to this page afterwards. */

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
