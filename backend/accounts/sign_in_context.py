"""What signing in needs: authenticator, password hashes, rate limiter. Created once per process."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from anyio import CapacityLimiter
from fastapi import Depends, Request

from backend.accounts.passwords import MAX_CONCURRENT_HASHES, Passwords
from backend.accounts.sign_in_limiter import SignInLimiter
from pegbox.web.access.authentication import Authenticator
from pegbox.web.access.identities import Identities


@dataclass(slots=True)
class SignInContext:
    """`threads` limits how many passwords are hashed at the same time."""

    authenticator: Authenticator
    identities: Identities
    passwords: Passwords = field(default_factory=Passwords)
    limiter: SignInLimiter = field(default_factory=SignInLimiter)
    threads: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(MAX_CONCURRENT_HASHES))


async def get_sign_in_context(request: Request) -> SignInContext:
    context: SignInContext = request.app.state.sign_in_context
    return context


SignIn = Annotated[SignInContext, Depends(get_sign_in_context)]
