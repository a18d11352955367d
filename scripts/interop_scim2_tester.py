"""Runs every check of scim2-tester against a source; exits 1 when one finds an error.

Usage: interop_scim2_tester.py BASE_URL, with the token in SCIM_TOKEN.
"""

import base64
import datetime
import os
import random
import sys
from collections import Counter

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server, filling

# It fills every text with a random one, so that it cannot name a group and a member that are there, and it wants PUT and
# PATCH of everything: memberships have tests of their own.
RESOURCE_TYPES = ["User", "Group", "TestResource"]
REFUSED = {Status.ERROR, Status.CRITICAL}


def fill_times() -> None:
    """Teaches the tester to fill dateTime attributes that are not of RFC 7643, which it gives a UUID."""
    examples_only = filling.get_random_example_value

    def example(path):
        binding = path.resolve()
        if binding is not None and binding.target_type is datetime.datetime:
            second = random.randrange(1_000_000_000, 2_000_000_000)
            return datetime.datetime.fromtimestamp(second, datetime.timezone.utc)
        return examples_only(path)

    filling.get_random_example_value = example


def limit_of_the_tester(data: dict) -> str | None:
    """Why the tester refuses a PATCH that was answered as it must be; None where it was not."""
    attribute, expected = data.get("urn"), data.get("expected")
    answered = data.get("modify_actual")
    if attribute == "binaryAttr" and isinstance(answered, bytes):
        if base64.b64encode(answered).decode() == expected:
            return "it compares the base64 text that it sent with the bytes that it read, which are the same"
    # A wrong answer to the PATCH itself would be in "modify_actual".
    if attribute == "requestOnlyAttr" and "modify_actual" not in data and data.get("actual", "") is None:
        return "it reads without asking for the attribute, which is then not to be shown (RFC 7643 §7)"
    return None


def is_not_ours(result) -> bool:
    if result.status not in REFUSED or not isinstance(result.data, dict):
        return False
    reason = limit_of_the_tester(result.data)
    if reason is not None:
        print(f"not counted: {result.title} of {result.data['urn']}: {reason}")
    return reason is not None


def main() -> int:
    base_url = sys.argv[1]
    headers = {"Authorization": f"Bearer {os.environ['SCIM_TOKEN']}"}
    fill_times()
    with Client(base_url=base_url, headers=headers, timeout=30) as http:
        results = check_server(SyncSCIMClient(http), resource_types=RESOURCE_TYPES)
    results = [result for result in results if not is_not_ours(result)]
    for result in results:
        if result.status in REFUSED or result.status is Status.DEVIATION:
            place = getattr(result, "resource_type", None) or "service"
            print(f"{result.status.name} {place} {result.title}: {result.reason}")
            if result.status in REFUSED and result.data is not None:
                print(f"    {str(result.data)[:1000]}")
    counts = Counter(result.status.name for result in results)
    kinds = {getattr(result, "resource_type", None) for result in results} - {None}
    print(f"scim2-tester: {dict(counts)} over {', '.join(sorted(kinds)) or 'no resource type'}")
    missing = set(RESOURCE_TYPES) - kinds
    if missing:
        print(f"not checked: {', '.join(sorted(missing))}")
    return 1 if missing or any(result.status in REFUSED for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
