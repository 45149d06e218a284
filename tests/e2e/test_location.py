"""Where requests come from: databases of locations that the operator supplies, read at the start and on SIGHUP."""
import json
import pathlib
import signal
import subprocess
import sys
import tempfile
import unittest

from support import NotStarted, Server, main, until

MAKE = pathlib.Path(__file__).resolve().parents[1] / "adapters/location/make_mmdb.py"


def database(file, record):
    """At once, by renaming, as geoipupdate does it."""
    subprocess.run([sys.executable, MAKE, str(file) + ".new"], input=json.dumps({"127.0.0.0/8": record}), text=True, check=True)
    pathlib.Path(str(file) + ".new").rename(file)


def city(country, name):
    return {"country": {"iso_code": country}, "city": {"names": {"en": name}}}


class Locations(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="countersign-location-")
        self.addCleanup(scratch.cleanup)
        self.cities, self.systems = (pathlib.Path(scratch.name) / name for name in ("cities.mmdb", "systems.mmdb"))
        database(self.cities, city("CH", "Zurich"))
        database(self.systems, {"autonomous_system_number": 64496, "autonomous_system_organization": "Example Net"})
        self.settings = {"LOCATION_CITY_DATABASE": str(self.cities), "LOCATION_ASN_DATABASE": str(self.systems)}

    def server(self, **settings):
        server = Server(settings)
        self.addCleanup(server.close)
        return server

    def test_events_say_where_they_came_from(self):
        server = self.server(**self.settings)
        admin = server.account("Located Inc")
        user = admin.user()["id"]
        known = {"country": "CH", "city": "Zurich", "as_number": 64496, "as_organization": "Example Net"}
        [created] = admin.events(f'subject eq "{user}"')
        self.assertEqual({name: created["client"][name] for name in known}, known)

        database(self.cities, city("NO", "Oslo"))
        server.process.send_signal(signal.SIGHUP)
        until(lambda: "location databases read again" in server.said(), "the databases")
        other = admin.user()["id"]
        self.assertEqual([event["client"]["city"] for event in admin.events(f'subject eq "{other}"')], ["Oslo"])

        def countries():
            facets = admin.get("/v1/events/facets", {"fields": "client.country"}).expect(200).json["facets"]["client.country"]
            return {each["value"]: each["count"] for each in facets}
        before = countries()
        self.assertEqual(set(before), {"CH", "NO"})
        self.assertEqual([event["subject"]["id"] for event in admin.events('client.country eq "no"')], [other])
        server.kill()
        server.start()
        self.assertEqual(countries(), before)

        # A file that is none changes nothing.
        self.cities.with_suffix(".bad").write_text("nothing")
        self.cities.with_suffix(".bad").rename(self.cities)
        server.process.send_signal(signal.SIGHUP)
        until(lambda: "location databases could not be read again" in server.said(), "the refusal")
        third = admin.user()["id"]
        self.assertEqual([event["client"]["country"] for event in admin.events(f'subject eq "{third}"')], ["NO"])

    def test_without_databases_nothing_is_said(self):
        server = self.server()
        admin = server.account("Nowhere Inc")
        for event in admin.events():
            self.assertEqual(set(event["client"]), {"ip", "user_agent"})

    def test_a_database_that_is_none_stops_the_start(self):
        self.systems.write_text("nothing")
        for settings in self.settings, {"LOCATION_CITY_DATABASE": "/nowhere/cities.mmdb"}:
            with self.assertRaises(NotStarted) as refused:
                self.server(**settings)
            self.assertEqual(refused.exception.status, 1)
            self.assertIn("location database /", refused.exception.stderr)


if __name__ == "__main__":
    main()
