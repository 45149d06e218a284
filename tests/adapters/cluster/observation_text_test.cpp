// What nodes tell each other comes as it was, and nothing is taken that isn't as it must be.

#include "adapters/cluster/observation_text.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "domain/slot.h"
#include "tests/adapters/cluster/observing_node.h"

namespace countersign::cluster {
namespace {

namespace json = boost::json;

constexpr std::uint32_t partitions = 3;
constexpr domain::UnixMs now = 1'790'000'000'000;

ObservationBatch one_of_each() {
  const auto account = test::an_account();
  ObservationBatch batch;
  batch.id = test::some_uuid(1);
  batch.partition = domain::partition_of(account, partitions);
  auto& [reads, refusals, sessions, keys] = batch.observations;
  reads.push_back({{account, domain::party(test::a_key()), domain::Role::siem}, {1, 2, 3, 4, now - 5}});
  reads.push_back({{account, {domain::PartyKind::root, {}}, domain::Role::root}, {.lists = 1, .since = now}});
  refusals.push_back({{.account = account,
                       .type = domain::EventType::api_key_refused,
                       .reason = domain::Reason::key_revoked,
                       .source = commands::RefusalLog::Source{7},
                       .ip = "192.0.2.7",
                       .actor = {domain::PartyKind::source, {}},
                       .subject = domain::party(test::a_key())},
                      5,
                      now - 6});
  refusals.push_back({{account, domain::EventType::registration_code_redemption_refused,
                       domain::Reason::too_many_attempts, std::nullopt, ""},
                      1,
                      now});
  refusals.push_back({{.account = account,
                       .type = domain::EventType::authenticator_verification_refused,
                       .reason = domain::Reason::blocked_after_failures,
                       .source = {},
                       .ip = "192.0.2.8",
                       .actor = domain::party(test::a_key()),
                       .subject = domain::party(domain::UserId{test::some_uuid(2)})},
                      2,
                      now});
  sessions.push_back({account, {{test::some_uuid(2)}, {test::some_uuid(3)}, now - 1}, now - 9});
  keys.push_back({account, test::a_key(), now + most_ahead_ms});
  return batch;
}

TEST(ObservationText, ComesAsItWas) {
  const auto sent = one_of_each();
  const auto parsed = parse_observations(text_of(sent), partitions, now);
  ASSERT_TRUE(std::holds_alternative<ObservationBatch>(parsed));
  const auto& got = std::get<ObservationBatch>(parsed);
  EXPECT_EQ(got.id, sent.id);
  EXPECT_EQ(got.partition, sent.partition);
  ASSERT_EQ(got.observations.reads.size(), 2u);
  EXPECT_EQ(got.observations.reads[0].reader.actor, domain::party(test::a_key()));
  EXPECT_EQ(got.observations.reads[0].reads.log, 4u);
  ASSERT_EQ(got.observations.refusals.size(), 3u);
  EXPECT_EQ(got.observations.refusals[0].refused.source, commands::RefusalLog::Source{7});
  EXPECT_EQ(got.observations.refusals[0].refused.subject, domain::party(test::a_key()));
  ASSERT_EQ(got.observations.sessions.size(), 1u);
  EXPECT_EQ(got.observations.sessions[0].seen.at, now - 1);
  EXPECT_EQ(text_of(got), text_of(sent)) << "all the rest";
}

TEST(ObservationText, WhatIsNotAsItMustBeIsRefusedWhereItStands) {
  const auto ahead = std::to_string(now + most_ahead_ms + 1);
  const auto elsewhere = '"' + test::an_account_elsewhere(partitions).text() + '"';
  struct Change {
    const char *in, *field;
    std::string value;
  };
  const Change changes[] = {
      {"", "id", R"("evt_01h455vb4pex5vsknk084sn02q")"},
      {"", "partition", "3"},
      {"", "partition", "-1"},
      {"", "reads", "{}"},
      {"", "keys", json::serialize(json::array(3'001, json::object{}))},
      {"/reads/0", "account", R"("acc_nonsense")"},
      {"/reads/0", "account", elsewhere},
      {"/reads/0", "actor", R"("usr_01h455vb4pex5vsknk084sn02q")"},
      {"/reads/0", "role", R"("emperor")"},
      {"/reads/0", "lists", "-1"},
      {"/reads/0", "facets", "1000000001"},
      {"/reads/0", "histograms", "1.5"},
      {"/reads/0", "log", R"("many")"},
      {"/reads/0", "since", ahead},
      {"/reads/0", "since", "null"},
      {"/reads/0", "more", "1"},
      {"/refusals/0", "account", elsewhere},
      {"/refusals/0", "type", R"("user.created")"},
      {"/refusals/0", "type", R"("nonsense")"},
      {"/refusals/0", "reason", R"("none")"},
      {"/refusals/0", "reason", R"("whim")"},
      {"/refusals/0", "source", R"("AAAA")"},
      {"/refusals/0", "source", R"("?")"},
      {"/refusals/0", "ip", '"' + std::string(46, '1') + '"'},
      {"/refusals/0", "ip", R"("1\n2")"},
      {"/refusals/0", "actor", R"("nobody")"},
      {"/refusals/0", "subject", R"("key_")"},
      {"/refusals/0", "count", "5000000000"},
      {"/refusals/0", "since", ahead},
      {"/sessions/0", "account", elsewhere},
      {"/sessions/0", "user", R"("ses_01h455vb4pex5vsknk084sn02q")"},
      {"/sessions/0", "session", "7"},
      {"/sessions/0", "at", ahead},
      {"/sessions/0", "logged", "-1"},
      {"/keys/0", "account", elsewhere},
      {"/keys/0", "key", R"("nonsense")"},
      {"/keys/0", "at", ahead},
  };
  for (const auto& [in, field, value] : changes) {
    auto body = json::parse(text_of(one_of_each()));
    body.at_pointer(in).as_object()[field] = json::parse(value);
    const auto parsed = parse_observations(json::serialize(body), partitions, now);
    const auto* problem = std::get_if<http::Problem>(&parsed);
    const auto where = std::string(in) + "/" + field;
    ASSERT_NE(problem, nullptr) << where << " " << value;
    ASSERT_EQ(problem->errors.size(), 1u) << where << " " << value;
    EXPECT_EQ(problem->errors[0].pointer, where) << value;
  }
  for (const auto* text : {"", "[]", "{}", "{\"id\":", "\xff"})
    EXPECT_TRUE(std::holds_alternative<http::Problem>(parse_observations(text, partitions, now))) << text;
}

}  // namespace
}  // namespace countersign::cluster
