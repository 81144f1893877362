import { expect, test } from "vitest";
import { isSessionEnd, loginAddress } from "../../src/frame/session";

test("a refused call and a refused socket end the session, other failures do not", () => {
  expect([401, 4401, 403, 4403, 404, 429, 500, 1006, 0].filter(isSessionEnd)).toEqual([401, 4401]);
});

test("the login leads back to the page with its query", () => {
  const address = new URL(loginAddress("/jobs?q=a&b=ü"), "http://x");
  expect(address.searchParams.get("next")).toBe("/jobs?q=a&b=ü");
});
