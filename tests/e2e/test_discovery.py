"""Event discovery: lists, facets and histograms by the index, against what the list of all events says."""
import collections
import pathlib
import shutil

from support import NO_LIMITS, ServerTest, main, until


def all_events(client, **parameters):
    return client.all("/v1/events", {"sort": "asc"} | parameters)


def value_of(event, field):
    for part in field.split("."):
        event = event[part] if event is not None else None
    return event


class Discovery(ServerTest):
    settings = NO_LIMITS

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = cls.server.account("Discovery Inc")
        cls.anybody = cls.server.client()
        for number in range(30):
            user = cls.admin.user(first_name=f"Ada {number}")["id"]
            [code] = cls.admin.codes(user)
            if number % 2:
                cls.anybody.redeem(code["code"]).expect(201)
                cls.anybody.redeem(code["code"]).expect(400)
            if number % 5 == 0:
                cls.admin.post(f"/v1/users/{user}/disable").expect(200)

    def facets(self, fields, **parameters):
        return self.admin.get("/v1/events/facets", query={"fields": fields, **parameters}).expect(200).json

    def test_facets_are_what_a_walk_over_all_events_counts(self):
        fields = ["type", "sub_type", "action", "severity", "outcome.result", "outcome.reason", "actor.id", "subject.id",
                  "target.type", "actor.type", "session_id", "client.ip"]
        for question in ({}, {"filter": 'type sw "registration_code."'}, {"filter": 'outcome eq "failure"'},
                         {"filter": 'not (actor.type eq "api_key") or severity gt "low"'}, {"q": "ada 7"}):
            events = all_events(self.admin, **question)
            counted = self.facets(",".join(fields), **question)
            self.assertEqual(counted["total"], len(events), question)
            for field in fields:
                expected = collections.Counter(value_of(event, field) for event in events)
                self.assertEqual({each["value"]: each["count"] for each in counted["facets"][field]}, expected, (question, field))
                counts = [each["count"] for each in counted["facets"][field]]
                self.assertEqual(counts, sorted(counts, reverse=True))

    def test_a_histogram_has_every_event_in_its_interval(self):
        events = all_events(self.admin, filter='type sw "device."')
        buckets = self.admin.get("/v1/events/histogram", query={"buckets": 7, "filter": 'type sw "device."'}).expect(200).json["buckets"]
        self.assertLessEqual(len(buckets), 7)
        starts = [bucket["start"] for bucket in buckets]
        self.assertEqual(starts, sorted(starts))
        for number, bucket in enumerate(buckets):
            end = starts[number + 1] if number + 1 < len(starts) else "9"
            self.assertEqual(bucket["count"], sum(bucket["start"] <= event["time"] < end for event in events), bucket)
        self.assertEqual(sum(bucket["count"] for bucket in buckets), len(events))

    def test_an_event_is_found_as_soon_as_its_command_is_answered(self):
        for _ in range(50):
            user = self.admin.user()["id"]
            self.assertEqual(self.facets("type", filter=f'subject eq "{user}"')["total"], 1)

    def test_an_address_is_found_and_shown(self):
        [facet] = self.facets("client.ip", filter='type eq "registration_code.used"')["facets"]["client.ip"]
        self.assertEqual(facet["value"], "127.0.0.1")
        found = self.facets("type", filter='client.ip eq "127.0.0.1"')["total"]
        self.assertGreater(found, 30)
        self.assertEqual(self.facets("type", filter='client.ip eq "192.0.2.1"')["total"], 0)
        listed = all_events(self.admin, filter='client.ip eq "127.0.0.1"')
        self.assertEqual(len(listed), found)
        self.assertEqual({event["client"]["ip"] for event in listed}, {"127.0.0.1"})

    def test_who_has_been_erased_counts_and_isn_t_shown(self):
        users = [self.admin.user(first_name="Gone")["id"] for _ in range(2)]
        question = " or ".join(f'subject eq "{user}"' for user in users)
        for user in users:
            self.admin.post(f"/v1/users/{user}/disable").expect(200)
            erasure = self.admin.delete(f"/v1/users/{user}").expect(202).json["operation_id"]
            until(lambda: self.admin.get(f"/v1/operations/{erasure}").json["status"] == "done", "the erasure")
        counted = self.facets("subject,type", filter=question)
        self.assertEqual(counted["facets"]["subject"], [{"value": "(erased)", "count": 6}])
        self.assertEqual(counted["total"], 6)

    def test_words_find_what_a_walk_over_all_events_finds(self):
        """Through renamed people and devices, an erasure, and a restart, after which the names are gone from memory."""
        admin = self.server.account("Words & Sons")

        def named(event, words):
            parties = [party for party in (event["actor"], event["subject"], event["target"]) if party]
            texts = [event["type"], event["sub_type"], event["action"], event["outcome"]["reason"] or "",
                     *(party["display"] or "" for party in parties)]
            wholes = [*(party["id"] for party in parties), event["session_id"], event["correlation_id"]]
            return any(words.casefold() in text.casefold() for text in texts) or words.lower() in wholes

        def compare():
            events = all_events(admin)
            questions = ["ada", "ADA", "lovelace", "Müller", "MÜLLER", "tablet", "Ada's", "words & sons", "(erased)", "e", "used",
                         "api key", "countersign", "root", "no such thing", events[5]["target"]["id"], events[7]["correlation_id"],
                         events[3]["subject"]["id"].upper(), events[-1]["session_id"] or "ses_", " "]
            for words in questions:
                expected = [event["sequence"] for event in events if named(event, words)]
                for sort in "asc", "desc":
                    found = [event["sequence"] for event in admin.all("/v1/events", {"q": words, "sort": sort, "limit": "7"})]
                    self.assertEqual(found, expected if sort == "asc" else expected[::-1], words)
                total = admin.get("/v1/events/facets", query={"fields": "type", "q": words}).expect(200).json["total"]
                self.assertEqual(total, len(expected), words)
            for address in "127.0.0.1", "127.0.0.2":
                self.assertEqual(all_events(admin, q=address), all_events(admin, filter=f'client.ip eq "{address}"'))
            both = {"q": "ada", "filter": 'type eq "user.updated"'}
            self.assertEqual([e["sequence"] for e in all_events(admin, **both)],
                             [e["sequence"] for e in events if named(e, "ada") and e["type"] == "user.updated"])

        users = [admin.user(first_name=name, last_name="Lovelace")["id"] for name in ("Ada", "Ida", "Ada", "Eva")]
        devices = []
        for user in users:
            [code] = admin.codes(user)
            redeemed = self.anybody.redeem(code["code"], "A tablet").expect(201).json
            devices.append(redeemed["device_id"])
        compare()
        admin.patch(f"/v1/users/{users[0]}", {"last_name": "Müller"}).expect(200)
        admin.patch(f"/v1/devices/{devices[1]}", {"name": "Ada's phone"}).expect(200)
        compare()
        admin.post(f"/v1/users/{users[2]}/disable").expect(200)
        erasure = admin.delete(f"/v1/users/{users[2]}").expect(202).json["operation_id"]
        until(lambda: admin.get(f"/v1/operations/{erasure}").json["status"] == "done", "the erasure")
        compare()
        self.server.kill()
        self.server.start()
        compare()
        admin.user(first_name="Ada", last_name="the second")
        compare()

    def test_bad_questions_say_what_is_wrong(self):
        for path, parameters, place in (
                ("facets", {}, "/fields"), ("facets", {"fields": ""}, "/fields"), ("facets", {"fields": "type,nothing"}, "/fields"),
                ("facets", {"fields": "type,type"}, "/fields"), ("facets", {"fields": "id"}, "/fields"),
                ("facets", {"fields": "time"}, "/fields"), ("facets", {"fields": ",".join(["type"] * 13)}, "/fields"),
                ("facets", {"fields": "type", "values": "0"}, "/values"), ("histogram", {"buckets": "1001"}, "/buckets"),
                ("histogram", {"buckets": "x"}, "/buckets"), ("histogram", {"since": "yesterday"}, "/since"),
                ("facets", {"fields": "type", "after": "x"}, "/after")):
            answer = self.admin.get("/v1/events/" + path, query=parameters).expect(400)
            self.assertEqual((answer.code, answer.json["errors"][0]["pointer"]), ("invalid-parameter", place), parameters)
        for wrong in ('client.ip eq "somewhere"', 'client.ip sw "127."', 'type eq'):
            self.assertEqual(self.admin.get("/v1/events/facets", query={"fields": "type", "filter": wrong}).expect(400).code, "invalid-filter")
        self.assertEqual(self.admin.get("/v1/events/facets", query={"fields": "type", "account": "acc_system"}).expect(404).code, "not-found")

    def test_no_events_are_no_error(self):
        nothing = {"filter": 'type eq "log.restored"'}
        self.assertEqual(self.facets("type", **nothing), {"total": 0, "facets": {"type": []}})
        buckets = self.admin.get("/v1/events/histogram", query=nothing).expect(200).json["buckets"]
        self.assertEqual({bucket["count"] for bucket in buckets}, {0})
        long_ago = {"since": "2020-01-01T00:00:00Z", "until": "2020-01-02T00:00:00Z"}
        self.assertEqual(self.admin.get("/v1/events/histogram", query=long_ago).expect(200).json["buckets"], [])

    def test_the_index_is_built_again_when_it_is_gone(self):
        before = self.facets("type,subject,actor")
        self.server.kill()
        shutil.rmtree(pathlib.Path(self.server.data) / "index")
        self.server.start()
        after = self.facets("type,subject,actor")
        self.assertEqual(after, before)
        until(lambda: [p["status"] for p in self.admin.get("/v1/projections").json["items"] if p["name"] == "event_index"] == ["current"],
              "the index")


if __name__ == "__main__":
    main()
