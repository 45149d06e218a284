#include "adapters/location/location_databases.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/scratch_directory.h"

namespace countersign::location {
namespace {

namespace fs = std::filesystem;
const fs::path cities = fs::path(DATABASES) / "cities.mmdb", systems = fs::path(DATABASES) / "systems.mmdb";

std::string country_text(const commands::Location& location) {
  if (location.country == 0) return {};
  return {static_cast<char>(location.country >> 8), static_cast<char>(location.country & 0xff)};
}

TEST(LocationDatabases, SayWhatTheyKnow) {
  const LocationDatabases databases(cities, systems);
  const struct {
    const char *address, *country, *city;
    std::uint32_t number;
    const char* organization;
  } rows[] = {{"192.0.2.7", "CH", "Zurich", 64'496, "Example Net"},
              {"::ffff:192.0.2.7", "CH", "Zurich", 64'496, "Example Net"},
              {"198.51.100.1", "US", "", 0, ""},
              {"198.51.100.200", "NO", "", 0, ""},
              {"2001:db8::7", "JP", "", 4'200'000'000, ""},
              {"8.8.8.8", "", "", 0, ""},
              {"nowhere", "", "", 0, ""},
              {"", "", "", 0, ""}};
  for (const auto& row : rows) {
    const auto location = databases.locate(row.address);
    EXPECT_EQ(country_text(location), row.country) << row.address;
    EXPECT_EQ(location.city, row.city) << row.address;
    EXPECT_EQ(location.as_number, row.number) << row.address;
    EXPECT_EQ(location.as_organization, row.organization) << row.address;
  }
}

TEST(LocationDatabases, WhatIsOddInThemDoesntGetOut) {
  const LocationDatabases databases(cities, systems);
  const auto location = databases.locate("203.0.113.9");
  EXPECT_EQ(location.country, 0);
  std::string cut;
  for (int i = 0; i < 64; ++i) cut += "\xc3\xa9";
  EXPECT_EQ(location.city, cut) << "at most 128 bytes, at a character's end";
}

TEST(LocationDatabases, OneOfThemIsEnough) {
  EXPECT_TRUE(LocationDatabases("", "").empty());
  const LocationDatabases only_systems("", systems);
  EXPECT_FALSE(only_systems.empty());
  EXPECT_EQ(only_systems.locate("192.0.2.7").country, 0);
  EXPECT_EQ(only_systems.locate("192.0.2.7").as_number, 64'496U);
}

TEST(LocationDatabases, AFileThatIsNoneIsNamed) {
  const testing::ScratchDirectory scratch;
  const auto file = fs::path(scratch.path()) / "cities.mmdb";
  std::ofstream(file) << "not a database";
  for (const auto& path : {file, fs::path(scratch.path()) / "missing.mmdb"}) {
    try {
      const LocationDatabases databases(path, "");
      FAIL() << path;
    } catch (const std::runtime_error& error) {
      EXPECT_NE(std::string(error.what()).find(path.string()), std::string::npos) << error.what();
    }
  }
}

TEST(LocationDatabases, AreReadAgainAndKeptWhenTheNewOnesAreBad) {
  const testing::ScratchDirectory scratch;
  const auto file = fs::path(scratch.path()) / "database.mmdb", next = fs::path(scratch.path()) / "next.mmdb";
  fs::copy_file(cities, file);
  LocationDatabases databases(file, "");
  std::ofstream(next) << "not a database";
  fs::rename(next, file);
  const auto failure = databases.reload();
  ASSERT_TRUE(failure);
  EXPECT_NE(failure->find("database.mmdb"), std::string::npos);
  EXPECT_EQ(country_text(databases.locate("192.0.2.7")), "CH");
  fs::copy_file(systems, next);
  fs::rename(next, file);
  EXPECT_EQ(databases.reload(), std::nullopt);
  EXPECT_EQ(databases.locate("192.0.2.7").country, 0);
}

}  // namespace
}  // namespace countersign::location
