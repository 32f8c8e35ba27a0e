"""Writes a spool of the Rust Keystone: signed events, one a line (openstack-experimental/keystone, doc/src/adr/0023-audit.md)."""
import hashlib
import hmac
import json

KEK = b"test-kek-32-bytes-0123456789abcd"
NODE = "keystone-node-1"
USER, ADMIN, PROJECT = "5b21bca43719484caec6edea429e963d", "f7392725f2c840bc987abde9d2d7888f", "6fc3ba08ca0d44e9a42f764ce18fb333"
ROLE, DOMAIN = "2f8a5d0c7c3e4a0d9f1e6b7a8c9d0e1f", "default"
SESSION = "7c1f2d6e-90a4-4d0b-8a8e-0c4ce6a3b1d2"


def node_key(kek, node):
    # HKDF-Expand of RFC 5869 for one block: T(1) = HMAC(PRK, info | 0x01).
    return hmac.new(kek, b"keystone-audit-hmac-v1:" + node.encode() + b"\x01", hashlib.sha256).digest()


def canonical(event):
    # RFC 8785 for objects with ASCII names, of texts, null and whole numbers.
    return json.dumps(event, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def initiator(user, project=None, domain=None, address="192.0.2.7"):
    who = {"id": user, "project_id": project, "domain_id": domain}
    if address:
        who["host"] = {"address": address}
    return who


EVENTS = [
    ("authenticate", "success", None, initiator(ADMIN, PROJECT, None), ("keystone", "service/security/keystone/auth")),
    ("authenticate", "failure", "UserNameOrPasswordWrong", initiator("unknown"), ("keystone", "service/security/keystone/auth")),
    ("authenticate", "failure", "UserLocked", initiator(USER), ("keystone", "service/security/keystone/auth")),
    ("create", "attempt", None, initiator(ADMIN, PROJECT), (USER, "data/security/identity/user")),
    ("create", "success", None, initiator(ADMIN, PROJECT), (USER, "data/security/identity/user")),
    ("create", "success", None, initiator(ADMIN, PROJECT), (ROLE, "data/security/authz/role-assignment")),
    ("update", "success", None, initiator(ADMIN, PROJECT), (PROJECT, "data/security/account/project")),
    ("disable", "success", None, initiator(ADMIN, PROJECT), (USER, "data/security/identity/user")),
    ("delete", "failure", "NotFound", initiator(ADMIN, PROJECT, None, None), (USER, "data/security/identity/user")),
    ("create", "success", None, initiator(ADMIN, PROJECT, None, "2001:db8::7"), (USER, "data/security/identity/application-credential")),
    ("OAUTH2_KEY_ROTATION", "success", "domain default rotated to new signing key 7", initiator("unknown", None, None, None),
     ("default", "data/security/keystone/oauth2_signing_key")),
    # A name that JSON and RFC 8785 escape differently.
    ("delete", "success", None, initiator(ADMIN, PROJECT), ("aus\u00dferhalb \u2028\"<&>\\\t", "data/compute/catalog/region")),
]


def spool():
    key = node_key(KEK, NODE)
    for seq, (action, outcome, reason, who, (target, uri)) in enumerate(EVENTS):
        event = {
            "id": f"{NODE}:00000000-0000-4000-8000-{seq:012d}", "seq": seq, "boot_session_id": SESSION, "hmac_key_version": 1, "version": "1.1",
            "domain": "default", "correlation_id": f"req-00000000-0000-4000-8000-{seq:012d}",
            "event_time": f"2026-11-20T23:32:{seq:02d}.123456789+00:00", "action": action, "outcome": outcome, "outcome_reason": reason,
            "initiator": who, "target": {"id": target, "type_uri": uri},
            "observer": {"node_id": NODE, "id": "service/security/keystone/" + NODE},
        }
        signature = hmac.new(key, canonical(event), hashlib.sha256).hexdigest()
        yield json.dumps({**event, "signature": signature}, separators=(",", ":"), ensure_ascii=False)


for line in spool():
    print(line)
