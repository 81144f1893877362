"""What can be done with users."""

from __future__ import annotations

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from backend.accounts import repository
from backend.accounts.passwords import Passwords
from backend.accounts.sign_in_context import Door
from pegbox.errors import ConflictError, NotFoundError, PermissionDeniedError, ValidationError
from pegbox.schemas.account import PasswordChange, Principal, UserCreate, UserPage, UserUpdate, UserView
from pegbox.store.database import begin_write
from pegbox.store.tables import User, now
from pegbox.web.access.signing import new_token_id


def find_user(db: Session, name: str) -> User | None:
    """By name, however it is written."""
    return repository.find_user(db, name)


def find_user_by_id(db: Session, user_id: str) -> User | None:
    """By id."""
    return db.get(User, user_id)


def has_users(db: Session) -> bool:
    """Whether the first one was made."""
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
    """An admin, while there is nobody. Raises `PermissionDeniedError` afterwards."""
    hashed = passwords.hash(body.password)
    begin_write(db)
    if repository.count_users(db):
        raise PermissionDeniedError("There is an account already: sign in with it")
    user = User(id=new_token_id(), name=body.name, password_hash=hashed, role="admin", tier="premium")
    db.add(user)
    db.commit()
    return show_user(user)


def update_user(db: Session, door: Door, name: str, body: UserUpdate) -> UserView:
    """Raises `NotFoundError`, and `ConflictError` for what would leave no admin."""
    hashed = door.passwords.hash(body.password) if body.password is not None else None
    user = _lock(db, name)
    keeps_admin = (body.role or user.role) == "admin" and not (
        user.disabled if body.disabled is None else body.disabled
    )
    if not keeps_admin:
        _keep_an_admin(db, user)
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
    door.identities.forget()
    return show_user(user)


def change_password(db: Session, door: Door, caller: Principal, body: PasswordChange, address: str) -> None:
    """One's own; ends one's other logins. Raises `ValidationError` for a wrong current password."""
    user = find_user_by_id(db, caller.user_id or "")
    if user is None:
        raise PermissionDeniedError("Only a user has a password: sign in with a name")
    db.commit()  # nothing is held while passwords are hashed
    door.attempts.begin(user.name, address)
    if not door.passwords.verify(body.current_password, user.password_hash)[0]:
        raise ValidationError("The current password is wrong", errors=[{"loc": ["body", "current_password"]}])
    door.attempts.succeeded(user.name, address)
    hashed = door.passwords.hash(body.new_password)
    begin_write(db)
    user.password_hash = hashed
    repository.revoke_logins_of(db, user.id, now(), but=caller.login_id)
    db.add(user)
    db.commit()
    door.identities.forget()


def delete_user(db: Session, door: Door, name: str) -> None:
    """With their logins and API tokens; what they did stays in the audit log. Raises as `update_user`."""
    user = _lock(db, name)
    _keep_an_admin(db, user)
    db.delete(user)
    db.commit()
    door.identities.forget()


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


def _keep_an_admin(db: Session, user: User) -> None:
    """Demoting a viewer takes nothing away; the last admin would take the keys along."""
    if user.role == "admin" and not user.disabled and not repository.count_other_admins(db, user):
        raise ConflictError(f"'{user.name}' is the only admin; make another one first")
