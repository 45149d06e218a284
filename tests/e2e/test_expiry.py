#!/usr/bin/env python3
"""What ends by itself: access tokens and sessions. A minute is the shortest that the policy allows."""
import datetime
import time
import unittest

from support import Server, main, until


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class Expiry(unittest.TestCase):
    def test_tokens_and_sessions_expire_and_the_sweep_says_so(self):
        with Server() as server:
            admin = server.account("Token Inc")
            admin.patch("/v1/provisioning", {"access_token_validity": 59}).expect(422)
            policy = admin.patch("/v1/provisioning", {"access_token_validity": 60}).expect(200).json
            self.assertEqual(policy["access_token_validity"], 60)
            other = server.account("Session Inc")
            other.patch("/v1/provisioning", {"session_lifetime": 60}).expect(200)
            made = {}
            for account in (admin, other):
                [code] = account.codes(account.user()["id"])
                made[account] = account.redeem(code["code"]).expect(201).json
            began = time.time()
            gateways = {account: account.api_key("gateway") for account in made}
            self.assertAlmostEqual(moment(made[admin]["expires_at"]), began + 60, delta=10)
            self.assertNotIn("expires_at", made[other])
            for account, activated in made.items():
                seen = gateways[account].introspect(activated["access_token"])
                self.assertTrue(seen["active"])
                self.assertAlmostEqual(seen["exp"], began + 60, delta=10)
            while time.time() < began + 55:  # a restart in between changes nothing
                time.sleep(1)
                if server.running() and began + 20 < time.time() < began + 22:
                    server.restart()
            for account, activated in made.items():
                until(lambda: gateways[account].introspect(activated["access_token"]) == {"active": False}, "it expires", 30)
                self.assertGreaterEqual(time.time(), began + 58)
            token = admin.get("/v1/tokens/" + made[admin]["token_id"]).expect(200).json
            self.assertEqual(token["status"], "expired")
            self.assertFalse(other.get("/v1/sessions/" + made[other]["session_id"]).expect(200).json["active"])
            [expired] = until(lambda: admin.events('type eq "token.expired"'), "token.expired", 10)
            self.assertEqual(expired["target"]["id"], made[admin]["token_id"])
            self.assertEqual(expired["actor"]["type"], "system")
            ended = until(lambda: other.events('type eq "session.ended"'), "session.ended", 10)
            self.assertEqual([(event["target"]["id"], event["outcome"]["reason"]) for event in ended],
                             [(made[other]["session_id"], "expired")])
            time.sleep(3)
            self.assertEqual(len(admin.events('type eq "token.expired"')), 1, "once")


if __name__ == "__main__":
    main()
