// The exporter with everything real but the receivers: order, repeats, failures, restarts, and silence in the end.

#include "adapters/exports/exporter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "adapters/queries/event_filter.h"
#include "domain/siem_configuration.h"
#include "tests/adapters/exports/receiving_end.h"
#include "tests/adapters/operations/office.h"

namespace countersign::exports::test {
namespace {

using domain::EventType;
using domain::fb::SiemProtocol;

class Exports : public ::testing::Test {
 protected:
  void SetUp() override { begin(); }
  void TearDown() override { exporter.reset(); }

  void begin() {
    ExportPorts ports{
        .views = office.views,
        .state = office.published,
        .partitions = office.partitions,
        .submitter = office.submitter,
        .keys = *office.keys,
        .opener = office.opener,
        .clock = &operations::test::Office::now,
        .warn = [](std::string_view) {},
        .make_transport = [this](boost::asio::any_io_executor executor, push::Receiver receiver,
                                 const push::TransportLimits&) { return far.transport(executor, receiver); },
        .read_filter =
            [](std::string_view text) { return std::get<queries::EventFilter>(queries::EventFilter::parse(text)); },
        .checkpoint = [this](domain::AccountId) { return note; }};
    exporter = std::make_unique<Exporter>(std::move(ports), directory, options);
    exporter->start();
  }
  void restart() {
    exporter.reset();
    begin();
  }

  domain::SiemDestinationSettings settings(const std::string& host, SiemProtocol protocol, const std::string& filter,
                                           bool checkpoints = false) {
    domain::SiemDestinationSettings out;
    out.traits.protocol = protocol;
    out.traits.checkpoints = checkpoints;
    out.traits.content = bus::sha256(host + filter);
    out.personal = domain::personal_of({.name = host, .host = host, .filter = filter});
    return out;
  }
  domain::SiemDestinationId a_destination(const std::string& host, SiemProtocol protocol = SiemProtocol::relp,
                                          const std::string& filter = "", bool checkpoints = false) {
    const auto id = keys::random_id<domain::SiemDestinationId>(office.now());
    run(domain::CreateSiemDestination{id, settings(host, protocol, filter, checkpoints), {}});
    return id;
  }
  template <class Command>
  void run(Command command) {
    const auto outcome = office.submitter.wait(office.as_admin(), std::move(command));
    EXPECT_TRUE(outcome.ok()) << (outcome.refusal ? outcome.refusal->detail : outcome.settlement.error.message());
  }
  /// So many events of the account.
  void events(int count) {
    for (int i = 0; i < count; ++i) run(domain::RecordDownload{});
  }
  std::uint64_t last_sequence() { return office.published.reader().account(office.account)->last_sequence; }
  std::uint64_t start_of(domain::SiemDestinationId id) {
    return office.published.reader().siem_destination(office.account, id)->start;
  }
  std::vector<std::uint64_t> from_to(std::uint64_t first, std::uint64_t last) {
    std::vector<std::uint64_t> out;
    for (auto i = first; i <= last; ++i) out.push_back(i);
    return out;
  }
  DestinationStatus status(domain::SiemDestinationId id) {
    return exporter->status(office.account, id).value_or(DestinationStatus{});
  }
  bool caught_up(domain::SiemDestinationId id) {
    return office.soon([&] { return status(id).sequence == last_sequence(); });
  }
  std::size_t count(EventType type) {
    office.wait_landed();
    std::size_t found = 0;
    office.views.events_from(office.account, 1, [&](std::string_view bytes, bus::FrameNumber) {
      found += domain::EventView::parse(bytes)->type() == type;
      return true;
    });
    return found;
  }
  /// Every event behind `start` was shown, each for the first time in order; and a repeat has its first one's id.
  void expect_all_in_order(const std::string& host, std::uint64_t start) {
    std::map<std::uint64_t, std::string> ids;
    auto next = start + 1;
    for (const auto& message : far.shown(host)) {
      if (message.sequence == 0) continue;
      const auto [it, first] = ids.emplace(message.sequence, message.id);
      if (first) {
        EXPECT_EQ(message.sequence, next++);
      }
      EXPECT_EQ(it->second, message.id);
    }
    EXPECT_EQ(next, last_sequence() + 1);
  }

  operations::test::Office office;
  ReceivingEnd far;
  std::optional<std::string> note;
  const std::filesystem::path directory = office.scratch / "exports";
  ExportOptions options{.batch = {.events = 7},
                        .back_off = {.first = std::chrono::milliseconds(2), .longest = std::chrono::milliseconds(8)},
                        .look_every = std::chrono::milliseconds(20)};
  std::unique_ptr<Exporter> exporter;
};

TEST_F(Exports, EveryEventArrivesOnceInOrderBeginningWithTheDestinationsOwn) {
  const auto id = a_destination("a");
  events(50);
  ASSERT_TRUE(caught_up(id));
  EXPECT_EQ(far.sequences("a"), from_to(start_of(id) + 1, last_sequence()));
  const auto shown = far.shown("a");
  EXPECT_EQ(shown.front().type, "siem_destination.created");
  EXPECT_EQ(shown.front().syslog_severity, 3u);
  EXPECT_NE(shown.front().line.find(shown.front().id), std::string::npos);
  const auto fares = status(id);
  EXPECT_EQ(fares.delivered, 51u);
  EXPECT_EQ(fares.lag_events, 0u);
  EXPECT_FALSE(fares.failing);
  EXPECT_EQ(far.connections("a"), 1u);
}

TEST_F(Exports, AFailureInTheMiddleOfABatchLosesNothing) {
  far.be("a", Mood::takes_two_and_fails);
  const auto id = a_destination("a");
  events(30);
  ASSERT_TRUE(caught_up(id));
  EXPECT_EQ(far.sequences("a"), from_to(start_of(id) + 1, last_sequence())) << "what was acknowledged isn't repeated";
  EXPECT_GT(status(id).failures, 5u);
}

TEST_F(Exports, WhatWasNotAcknowledgedIsRepeatedWithTheSameIds) {
  far.be("a", Mood::takes_and_forgets);
  const auto id = a_destination("a");
  events(10);
  ASSERT_TRUE(office.soon([&] { return far.sequences("a").size() > 20; }));
  EXPECT_TRUE(status(id).failing);
  EXPECT_EQ(status(id).last_error, "the connection broke");
  EXPECT_EQ(status(id).sequence, start_of(id));
  far.be("a", Mood::takes);
  ASSERT_TRUE(caught_up(id));
  expect_all_in_order("a", start_of(id));
  EXPECT_TRUE(office.soon([&] { return !status(id).failing && status(id).last_error.empty(); }));
}

TEST_F(Exports, OneThatHangsHoldsUpNobody) {
  far.be("a", Mood::hangs);
  const auto hanging = a_destination("a");
  ASSERT_TRUE(office.soon([&] { return !far.shown("a").empty(); }));
  const auto other = a_destination("b");
  events(40);
  ASSERT_TRUE(caught_up(other));
  expect_all_in_order("b", start_of(other));
  EXPECT_EQ(status(hanging).sequence, start_of(hanging));
  EXPECT_EQ(status(hanging).lag_events, last_sequence() - start_of(hanging));
}

TEST_F(Exports, ADeletedOneEndsAtOnceAlsoWhileItHangs) {
  far.be("a", Mood::hangs);
  const auto id = a_destination("a");
  ASSERT_TRUE(office.soon([&] { return !far.shown("a").empty(); }));
  run(domain::DeleteSiemDestination{id});
  EXPECT_TRUE(office.soon([&] { return !exporter->status(office.account, id); }));
  const auto shown = far.shown("a").size();
  far.be("a", Mood::takes);
  const auto other = a_destination("b");
  events(20);
  ASSERT_TRUE(caught_up(other));
  EXPECT_EQ(far.shown("a").size(), shown);
}

TEST_F(Exports, AReceiverThatIsBackGetsWhatItMissed) {
  far.be("a", Mood::refuses);
  const auto id = a_destination("a");
  events(20);
  ASSERT_TRUE(office.soon([&] { return far.attempts("a") > 3; }));
  EXPECT_EQ(status(id).last_error, "connection refused");
  EXPECT_GT(status(id).next_attempt_at, 0);
  far.be("a", Mood::takes);
  ASSERT_TRUE(caught_up(id));
  expect_all_in_order("a", start_of(id));
}

TEST_F(Exports, ARestartGoesOnWhereItWas) {
  const auto id = a_destination("a");
  events(20);
  ASSERT_TRUE(caught_up(id));
  restart();
  events(5);
  ASSERT_TRUE(caught_up(id));
  EXPECT_EQ(far.sequences("a"), from_to(start_of(id) + 1, last_sequence()));
}

TEST_F(Exports, ALostCursorRepeatsBehindTheLastReportAndLosesNothing) {
  const auto id = a_destination("a");
  events(20);
  ASSERT_TRUE(caught_up(id));
  exporter.reset();  // reports
  const auto reported = office.published.reader().siem_destination(office.account, id)->reported;
  EXPECT_EQ(reported, start_of(id) + 21);
  events(5);
  begin();
  ASSERT_TRUE(caught_up(id));
  const auto before = far.sequences("a").size();
  exporter->stop();
  std::filesystem::remove_all(directory);
  exporter.reset();
  const auto behind = office.published.reader().siem_destination(office.account, id)->reported;
  begin();
  ASSERT_TRUE(caught_up(id));
  auto repeated = far.sequences("a");
  repeated.erase(repeated.begin(), repeated.begin() + static_cast<std::ptrdiff_t>(before));
  EXPECT_EQ(repeated, from_to(behind + 1, last_sequence()));
  expect_all_in_order("a", start_of(id));
}

TEST_F(Exports, ACursorOfAnotherHistoryIsNone) {
  const auto id = a_destination("a");
  events(10);
  ASSERT_TRUE(caught_up(id));
  exporter.reset();
  events(5);
  office.wait_landed();
  {
    CursorStore cursors(directory, [](std::string_view) {});
    auto cursor = cursors.find(id).value();
    cursor.sequence = last_sequence();  // as if these five had been sent, in a log that has been replaced since
    cursor.event = keys::random_id<domain::EventId>(office.now());
    cursors.keep(id, cursor);
  }
  begin();
  ASSERT_TRUE(caught_up(id));
  expect_all_in_order("a", start_of(id));
}

TEST_F(Exports, WhereNothingIsAcknowledgedANewConnectionRepeatsTheWindow) {
  const auto id = a_destination("a", SiemProtocol::syslog_tcp);
  events(30);
  ASSERT_TRUE(caught_up(id));
  const auto before = far.sequences("a");
  EXPECT_EQ(before, from_to(start_of(id) + 1, last_sequence())) << "nothing is repeated while the connection holds";
  far.break_connections();
  events(1);
  ASSERT_TRUE(office.soon([&] { return far.sequences("a").back() == last_sequence(); }));
  auto again = far.sequences("a");
  again.erase(again.begin(), again.begin() + static_cast<std::ptrdiff_t>(before.size()));
  EXPECT_EQ(again, from_to(start_of(id) + 1, last_sequence())) << "all of it was handed over within 30 s";
  EXPECT_EQ(far.connections("a"), 2u);
}

TEST_F(Exports, TheWindowOutlivesARestart) {
  const auto id = a_destination("a", SiemProtocol::syslog_tls);
  events(20);
  ASSERT_TRUE(caught_up(id));
  const auto before = far.sequences("a").size();
  restart();
  events(1);
  ASSERT_TRUE(office.soon([&] { return far.sequences("a").back() == last_sequence(); }));
  EXPECT_EQ(far.sequences("a")[before], start_of(id) + 1);
}

TEST_F(Exports, DatagramsAreNotRepeated) {
  const auto id = a_destination("a", SiemProtocol::syslog_udp);
  events(10);
  ASSERT_TRUE(caught_up(id));
  far.break_connections();
  events(10);
  ASSERT_TRUE(caught_up(id));
  EXPECT_EQ(far.sequences("a"), from_to(start_of(id) + 1, last_sequence()));
}

TEST_F(Exports, AFilterLeavesOutEventsAndTheCursorPassesThem) {
  const auto id = a_destination("a", SiemProtocol::relp, "type eq \"user.created\"");
  events(10);
  office.a_user("ada");
  events(10);
  ASSERT_TRUE(caught_up(id));
  ASSERT_EQ(far.shown("a").size(), 1u);
  EXPECT_EQ(far.shown("a").front().type, "user.created");
  EXPECT_EQ(status(id).lag_events, 0u);
}

TEST_F(Exports, NothingIsSentWhileItIsPaused) {
  const auto id = a_destination("a");
  ASSERT_TRUE(caught_up(id));
  run(domain::SetSiemDestinationPaused{id, true});
  ASSERT_TRUE(office.soon([&] { return status(id).paused; }));
  const auto shown = far.sequences("a").size();
  const auto other = a_destination("b");
  events(10);
  ASSERT_TRUE(caught_up(other));
  EXPECT_LE(far.sequences("a").size(), shown + 1) << "that it was paused may be seen, nothing behind it";
  run(domain::SetSiemDestinationPaused{id, false});
  ASSERT_TRUE(caught_up(id));
  EXPECT_EQ(far.sequences("a"), from_to(start_of(id) + 1, last_sequence()));
}

TEST_F(Exports, NothingIsSentWhileTheAccountIsSuspended) {
  const auto id = a_destination("a");
  ASSERT_TRUE(caught_up(id));
  auto root = office.as_admin();
  root.context.account = domain::system_account();
  root.context.actor = {domain::PartyKind::root, {}};
  const auto suspend = [&](bool on) {
    EXPECT_TRUE(office.submitter.wait(root, domain::SetAccountStatus{office.account, on}).ok());
  };
  suspend(true);
  ASSERT_TRUE(office.soon([&] { return status(id).paused; }));
  suspend(false);
  events(3);
  ASSERT_TRUE(caught_up(id));
  expect_all_in_order("a", start_of(id));
}

TEST_F(Exports, AReplayRepeatsWithTheSameIds) {
  const auto id = a_destination("a");
  events(20);
  ASSERT_TRUE(caught_up(id));
  const auto before = far.shown("a");
  run(domain::RewindSiemDestination{id, 0});
  ASSERT_TRUE(office.soon([&] { return status(id).delivered == before.size() + last_sequence(); }));
  const auto after = far.sequences("a");
  EXPECT_EQ(std::vector(after.begin() + static_cast<std::ptrdiff_t>(before.size()), after.end()),
            from_to(1, last_sequence()));
  EXPECT_EQ(far.shown("a")[before.size() + before.front().sequence - 1].id, before.front().id);
}

TEST_F(Exports, AChangeLeadsElsewhereAndGoesOnWhereItWas) {
  far.be("a", Mood::refuses);
  const auto id = a_destination("a");
  ASSERT_TRUE(office.soon([&] { return far.attempts("a") > 0; }));
  run(domain::UpdateSiemDestination{id, settings("b", SiemProtocol::relp, ""), 1});
  ASSERT_TRUE(caught_up(id));
  expect_all_in_order("b", start_of(id));
  EXPECT_TRUE(far.shown("a").empty());
}

TEST_F(Exports, AnAccountAtRestBecomesSilent) {
  exporter.reset();
  options.report_every = std::chrono::milliseconds(1);
  begin();
  const auto id = a_destination("a"), other = a_destination("b", SiemProtocol::syslog_tcp);
  events(5);
  ASSERT_TRUE(caught_up(id));
  ASSERT_TRUE(caught_up(other));
  restart();  // reports what has been sent
  EXPECT_GE(count(EventType::siem_destination_exported), 2u);
  ASSERT_TRUE(caught_up(id));
  ASSERT_TRUE(caught_up(other));
  const auto silent = last_sequence();
  auto elsewhere = office.as_admin();
  elsewhere.context.account = domain::system_account();
  elsewhere.context.actor = {domain::PartyKind::system, {}};
  for (int i = 0; i < 50; ++i) {  // the exporter looks each time
    far.break_connections();
    office.submitter.wait(elsewhere, domain::RecordServer{EventType::server_started, "1", "n"});
    office.wait_landed();
  }
  restart();
  ASSERT_TRUE(caught_up(id));
  ASSERT_TRUE(caught_up(other));
  EXPECT_EQ(last_sequence(), silent);
}

TEST_F(Exports, ReadsThatWereCountedAreNoReasonForAReport) {
  const auto id = a_destination("a");
  ASSERT_TRUE(caught_up(id));
  restart();  // reports the creation
  EXPECT_EQ(count(EventType::siem_destination_exported), 1u);
  run(domain::RecordReads{.lists = 3});
  ASSERT_TRUE(caught_up(id));
  restart();
  EXPECT_EQ(count(EventType::siem_destination_exported), 1u);
}

TEST_F(Exports, ReportsCountWhatWasSentFirst) {
  const auto id = a_destination("a");
  events(9);
  ASSERT_TRUE(caught_up(id));
  exporter.reset();
  office.wait_landed();
  std::optional<std::uint64_t> counted, up_to;
  office.views.events_from(office.account, 1, [&](std::string_view bytes, bus::FrameNumber) {
    const auto event = domain::EventView::parse(bytes);
    if (const auto* report = event->clear().payload_as_SiemDestinationExported()) {
      counted = report->events();
      up_to = report->up_to();
    }
    return true;
  });
  EXPECT_EQ(counted, 10u);
  EXPECT_EQ(up_to, start_of(id) + 10);
}

TEST_F(Exports, WhatWasSentBeforeACrashIsReportedLater) {
  const auto id = a_destination("a");
  events(9);
  ASSERT_TRUE(caught_up(id));
  exporter->stop();
  const auto reported = count(EventType::siem_destination_exported);
  exporter.reset();
  {
    CursorStore cursors(directory, [](std::string_view) {});
    auto cursor = cursors.find(id).value();
    EXPECT_EQ(cursor.unreported, 0u) << "what has been reported isn't reported again";
    cursor.unreported = 5;
    cursors.keep(id, cursor);
  }
  begin();
  ASSERT_TRUE(caught_up(id));
  exporter.reset();
  EXPECT_EQ(count(EventType::siem_destination_exported), reported + 1);
  begin();
  ASSERT_TRUE(caught_up(id));
  exporter.reset();
  EXPECT_EQ(count(EventType::siem_destination_exported), reported + 1);
}

TEST_F(Exports, ASignedCheckpointFollowsWhenAllHasBeenSent) {
  note = "example.com/log/acc\n42\nroot\n\n\xe2\x80\x94 example.com sig\n";
  const auto id = a_destination("a", SiemProtocol::relp, "", true);
  events(3);
  std::vector<push::Message> notices;
  ASSERT_TRUE(office.soon([&] {
    notices = far.shown("a");
    std::erase_if(notices, [](const push::Message& message) { return message.sequence > 0; });
    return !notices.empty();
  }));
  EXPECT_EQ(notices.front().type, "log.checkpoint");
  EXPECT_TRUE(notices.front().id.starts_with("chk_") && notices.front().id.ends_with("_42")) << notices.front().id;
  ASSERT_TRUE(caught_up(id));
  expect_all_in_order("a", start_of(id));
  EXPECT_EQ(std::ranges::count(far.shown("a"), 0u, &push::Message::sequence), 1) << "no more within the minute";
}

TEST_F(Exports, ATestSaysWhatCameOfIt) {
  const auto id = a_destination("a");
  run(domain::SetSiemDestinationPaused{id, true});
  const auto ask = [&] {
    std::promise<Exporter::Tested> promise;
    const auto row = office.published.reader().siem_destination(office.account, id);
    EXPECT_TRUE(exporter->test(office.account, row, [&](Exporter::Tested result) { promise.set_value(result); }));
    return promise.get_future().get();
  };
  EXPECT_TRUE(ask().delivered);
  EXPECT_EQ(std::ranges::count(far.shown("a"), "siem_destination.test", &push::Message::type), 1);
  far.be("a", Mood::refuses);
  const auto refused = ask();
  EXPECT_FALSE(refused.delivered);
  EXPECT_EQ(refused.error, "connection refused");
}

TEST_F(Exports, AStopDoesNotWaitForOneThatHangs) {
  far.be("a", Mood::hangs);
  a_destination("a");
  ASSERT_TRUE(office.soon([&] { return !far.shown("a").empty(); }));
  exporter->stop();
  SUCCEED() << "its connection was closed";
}

}  // namespace
}  // namespace countersign::exports::test
