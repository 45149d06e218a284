// What an event of each type must be: every event that decisions make is, and none is without a row.

#include <gtest/gtest.h>

#include <set>

#include "domain/event_catalogue.h"
#include "domain/record.h"
#include "tests/support/ledger.h"
#include "tests/support/rich_history.h"
#include "tools/replay/event_semantics.h"

namespace countersign::replay {
namespace {

using domain::EventType;

std::string event_of(EventType type, domain::Party subject) {
  domain::NewEvent event{.type = type, .subject = subject, .target = subject};
  domain::EventStamp stamp;
  stamp.account = domain::system_account();
  stamp.time = 1;
  return domain::encode_event(domain::encode_clear(event, stamp), "");
}

TEST(EventSemantics, EveryEventThatADecisionMakesIsAsItsTypeSays) {
  const testing::RichHistory history(21, 600);
  std::set<EventType> seen;
  for (const auto& frame : history.frames)
    for (const auto& bytes : frame.events) {
      const auto event = *domain::EventView::parse(bytes);
      EXPECT_EQ(semantic_flaw(event), "") << domain::name_of(event.type()).name;
      seen.insert(event.type());
    }
  EXPECT_GT(seen.size(), 20u);
}

TEST(EventSemantics, WhatServersAndAdministratorsLeaveIsAsItsTypeSays) {
  using namespace domain;
  testing::Ledger ledger;
  const auto admin = ledger.as(Role::admin), system = ledger.as_system(), root = ledger.as_root();
  ledger.run(RecordDownload{}, admin);
  ledger.run(RecordStream{false, "native", 0}, admin);
  ledger.run(RecordStream{true, "native", 7}, admin);
  ledger.run(RecordOperation{OperationId{testing::uuid_of("op")}, "import"}, admin);
  ledger.run(RecordOperation{OperationId{testing::uuid_of("op")}, "import", true, false, 3, 1, 2}, system);
  for (const auto type : {EventType::server_started, EventType::server_stopped, EventType::master_key_rotated})
    ledger.run(RecordServer{type, "1.0", "n1"}, system);
  ledger.run(RecordRestore{7, 3, false}, system);
  ledger.run(RecordRefusals{EventType::api_key_refused, Reason::key_unknown, 12, 5}, system);
  ledger.run(ExportAuditKey{"0123456789abcdef"}, admin);
  ledger.run(RescueAccount{ledger.account, {testing::api_key("rescued"), testing::digest_of("rescued")}}, root);
  EXPECT_GT(ledger.events().size(), 18u);
  for (const auto& bytes : ledger.events()) {
    const auto event = *EventView::parse(bytes);
    EXPECT_EQ(semantic_flaw(event), "") << name_of(event.type()).name;
  }
}

TEST(EventSemantics, EveryTypeOfTheCatalogueIsKnown) {
  for (const auto& name : domain::event_catalogue()) {
    const auto bytes = event_of(name.type, {domain::PartyKind::operation, {}});
    const auto flaw = semantic_flaw(*domain::EventView::parse(bytes));
    EXPECT_EQ(flaw.find("nothing is known"), std::string::npos) << name.name << ": " << flaw;
  }
}

TEST(EventSemantics, AThingOfAnotherKindIsNamed) {
  const auto bytes = event_of(EventType::user_disabled, {domain::PartyKind::device, {}});
  EXPECT_EQ(semantic_flaw(*domain::EventView::parse(bytes)),
            "has as its subject a thing of kind device, and its type's is user");
  const auto refused = event_of(EventType::api_key_refused, {domain::PartyKind::api_key, {}});
  EXPECT_EQ(semantic_flaw(*domain::EventView::parse(refused)), "has no count of refusals");
}

}  // namespace
}  // namespace countersign::replay
