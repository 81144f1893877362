"""Operations on users."""

from __future__ import annotations

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from backend.accounts import repository
from backend.accounts.passwords import Passwords
from backend.accounts.sign_in_context import SignInContext
from pegbox.errors import ConflictError, NotFoundError, PermissionDeniedError, ValidationError
from pegbox.schemas.account import PasswordChange, Principal, UserCreate, UserPage, UserUpdate, UserView
from pegbox.store.database import begin_write
from pegbox.store.tables import User, now
from pegbox.web.access.signing import new_token_id


def find_user(db: Session, name: str) -> User | None:
    """By name, case-insensitive."""
    return repository.find_user(db, name)


def find_user_by_id(db: Session, user_id: str) -> User | None:
    return db.get(User, user_id)


def has_users(db: Session) -> bool:
    """Whether any user exists."""
    return repository.count_users(db) > 0


def list_users(db: Session, *, limit: int, offset: int) -> UserPage:
    """A page, by name."""
    found, total = repository.list_users(db, limit=limit, offset=offset)
    return UserPage(users=[show_user(user) for user in found], total=total, limit=limit, offset=offset)


def get_user(db: Session, name: str) -> User:
    """Raises `NotFoundError`."""
    user = repository.find_user(db, name)
    if user is None:
        raise NotFoundError(f"User not found: {name}")
    return user


def create_user(db: Session, passwords: Passwords, body: UserCreate) -> UserView:
    """Raises `ConflictError` when the name is taken. Hashes the password: not for the event loop."""
    user = User(
        id=new_token_id(),
        name=body.name,
        password_hash=passwords.hash(body.password),
        role=body.role,
        tier=body.tier,
    )
    return _add(db, user)


def create_first_user(db: Session, passwords: Passwords, body: UserCreate) -> UserView:
    """Creates the first user, an admin. Raises `PermissionDeniedError` when a user exists."""
    hashed = passwords.hash(body.password)
    begin_write(db)
    if repository.count_users(db):
        raise PermissionDeniedError("There is an account already: sign in with it")
    user = User(id=new_token_id(), name=body.name, password_hash=hashed, role="admin", tier="premium")
    db.add(user)
    db.commit()
    return show_user(user)


def update_user(db: Session, context: SignInContext, name: str, body: UserUpdate) -> UserView:
    """Changes the given fields. Raises `NotFoundError`, `ConflictError` if no admin would remain."""
    hashed = context.passwords.hash(body.password) if body.password is not None else None
    user = _lock(db, name)
    keeps_admin = (body.role or user.role) == "admin" and not (
        user.disabled if body.disabled is None else body.disabled
    )
    if not keeps_admin:
        _require_other_admin(db, user)
    user.role = body.role or user.role
    user.tier = body.tier or user.tier
    if body.disabled is not None:
        user.disabled = body.disabled
    if hashed is not None:
        user.password_hash = hashed
    if hashed is not None or user.disabled:
        repository.revoke_logins_of(db, user.id, now())
    db.add(user)
    db.commit()
    context.identities.forget()
    return show_user(user)


def change_password(db: Session, context: SignInContext, caller: Principal, body: PasswordChange, address: str) -> None:
    """Changes the caller's password and revokes the caller's other logins.

    Raises `ValidationError` for a wrong current password, `PermissionDeniedError` for a caller that is not a user.
    """
    user = find_user_by_id(db, caller.user_id or "")
    if user is None:
        raise PermissionDeniedError("Only a user has a password: sign in with a name")
    db.commit()  # releases the connection while passwords are hashed
    context.limiter.hit(user.name, address)
    if not context.passwords.verify(body.current_password, user.password_hash)[0]:
        raise ValidationError("The current password is wrong", errors=[{"loc": ["body", "current_password"]}])
    context.limiter.reset(user.name, address)
    hashed = context.passwords.hash(body.new_password)
    begin_write(db)
    user.password_hash = hashed
    repository.revoke_logins_of(db, user.id, now(), but=caller.login_id)
    db.add(user)
    db.commit()
    context.identities.forget()


def delete_user(db: Session, context: SignInContext, name: str) -> None:
    """Deletes the user with logins and API tokens; audit entries stay. Raises the errors of `update_user`."""
    user = _lock(db, name)
    _require_other_admin(db, user)
    db.delete(user)
    db.commit()
    context.identities.forget()


def show_user(user: User) -> UserView:
    """Without the password's hash."""
    return UserView.model_validate(user, from_attributes=True)


def _add(db: Session, user: User) -> UserView:
    begin_write(db)
    db.add(user)
    try:
        db.commit()
    except IntegrityError:
        db.rollback()
        raise ConflictError(f"User '{user.name}' already exists; choose another name") from None
    return show_user(user)


def _lock(db: Session, name: str) -> User:
    begin_write(db)
    user = repository.find_user(db, name, lock=True)
    if user is None:
        raise NotFoundError(f"User not found: {name}")
    return user


def _require_other_admin(db: Session, user: User) -> None:
    """Raises `ConflictError` when the user is the only enabled admin."""
    if user.role == "admin" and not user.disabled and not repository.count_other_admins(db, user):
        raise ConflictError(f"'{user.name}' is the only admin; make another one first")
