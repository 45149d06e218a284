// A node that doesn't own an account tells the owner what it has observed of it, and is not believed twice.

#include <gtest/gtest.h>

#include "adapters/cluster/observation_receiver.h"
#include "adapters/cluster/observation_sender.h"
#include "tests/adapters/cluster/nodes.h"
#include "tests/adapters/cluster/observing_node.h"
#include "tests/support/eventually.h"

namespace countersign::cluster {
namespace {

using test::a_key;
using test::a_session;
using test::ObservingNode;

/// A node with a port for the others, which can answer something else than its receiver has said.
class Told {
 public:
  Told(std::shared_ptr<bus::MemoryPartition> log, const std::string& name)
      : server_(test::certificate_of(name), {route()}), node(std::move(log), name, server_.url()) {}

  std::atomic<unsigned> answers_instead = 0;
  std::atomic<bool> deaf = false;
  std::string url() const { return server_.url(); }

 private:
  http::Route route() {
    return http::test::row(http::Verb::post, observations_path, "take_observations", [this](http::Exchange& exchange) {
      if (deaf) return http::Response(503);
      auto response = receiver.route().now(exchange);
      return answers_instead != 0 ? http::Response(answers_instead) : response;
    });
  }

  test::InnerServer server_;

 public:
  ObservingNode node;
  ObservationReceiver receiver{*node.partitions, node.observed, &test::wall_clock};
};

class Observing : public ::testing::Test {
 protected:
  /// Until the observer knows who owns the partition.
  void claim(Told& told, const std::string& name) {
    ASSERT_TRUE(told.node.own());
    ASSERT_TRUE(testing::eventually([&] { return observer.owner().node == name; }));
  }
  void observe(int times = 1) {
    for (int i = 0; i < times; ++i) observer.observe(now);
  }

  const std::shared_ptr<bus::MemoryPartition> log = std::make_shared<bus::MemoryPartition>();
  const domain::UnixMs now = test::wall_clock();
  Told first{log, "node-1"}, second{log, "node-2"};
  ObservingNode observer{log, "node-3", "https://127.0.0.1:1"};
  std::vector<ObservationTrouble> troubles;
  ObservationSenderOptions options() {
    ObservationSenderOptions options;
    options.say_after = {};
    options.on_trouble = [this](const ObservationTrouble& trouble) { troubles.push_back(trouble); };
    return options;
  }
  const std::unique_ptr<NodeCertificate> certificate = test::certificate_of("node-3");
  ObservationSender sender{*certificate, *observer.partitions, observer.observed, &test::wall_clock, options()};
};

TEST_F(Observing, TheOwnerIsToldAndCountsIt) {
  claim(first, "node-1");
  first.node.observe(now - 10);
  observe(3);
  EXPECT_FALSE(sender.round());
  EXPECT_EQ(first.node.sessions.last_seen(a_session(), 1), now);
  EXPECT_EQ(first.node.keys.last(a_key()), now);
  const auto reads = first.node.reads.take_of({});
  ASSERT_EQ(reads.size(), 1u) << "one window";
  EXPECT_EQ(reads[0].reads.lists, 4u);
  EXPECT_EQ(reads[0].reads.since, now - 10);
  EXPECT_EQ(first.node.refused(), 4u);
  EXPECT_EQ(observer.lists() + observer.refused(), 0u) << "nothing stays";
  EXPECT_TRUE(troubles.empty());
}

TEST_F(Observing, ARepeatWhoseAnswerWasLostIsNotCountedTwice) {
  claim(first, "node-1");
  first.answers_instead = 503;
  observe(2);
  EXPECT_FALSE(sender.round());
  observe(1);  // waits behind it
  EXPECT_FALSE(sender.round());
  first.answers_instead = 0;
  EXPECT_TRUE(sender.round()) << "there may be more";
  EXPECT_FALSE(sender.round());
  EXPECT_EQ(first.node.lists(), 3u);
  EXPECT_EQ(first.node.refused(), 3u);
}

TEST_F(Observing, OfAnOwnerThatIsGoneTheNextOneIsTold) {
  claim(first, "node-1");
  observe();
  sender.round();
  EXPECT_EQ(first.node.lists(), 1u);
  first.deaf = true;
  observe(2);
  sender.round();
  ASSERT_EQ(troubles.size(), 1u);
  EXPECT_EQ(troubles[0].node, "node-1");
  EXPECT_EQ(troubles[0].reason, "it answers 503");
  EXPECT_FALSE(troubles[0].dropped);
  claim(second, "node-2");
  EXPECT_TRUE(sender.round());
  EXPECT_EQ(second.node.lists(), 2u);
  EXPECT_EQ(second.node.refused(), 2u);
}

TEST_F(Observing, UsesThatTheFormerOwnerWasToldOfAreToldTheNextOne) {
  claim(first, "node-1");
  observe();
  sender.round();
  claim(second, "node-2");
  sender.round();
  EXPECT_EQ(second.node.sessions.last_seen(a_session(), 1), now);
  EXPECT_EQ(second.node.keys.last(a_key()), now);
  EXPECT_EQ(second.node.lists(), 0u) << "counts are no uses";
}

TEST_F(Observing, AnOwnerThatLostThePartitionHandsOverWhatItWasTold) {
  claim(first, "node-1");
  observe(3);
  sender.round();
  claim(second, "node-2");
  ASSERT_TRUE(testing::eventually([&] { return first.node.owner().node == "node-2"; }));
  const auto mine = test::certificate_of("node-1");
  ObservationSender of_first{*mine, *first.node.partitions, first.node.observed, &test::wall_clock, options()};
  of_first.round();
  EXPECT_EQ(second.node.lists(), 3u);
  EXPECT_EQ(second.node.sessions.last_seen(a_session(), 1), now);
}

TEST_F(Observing, WhoBecomesTheOwnerKeepsItHimself) {
  claim(first, "node-1");
  first.deaf = true;
  observe(2);
  sender.round();
  EXPECT_EQ(observer.lists(), 0u) << "under way";
  ASSERT_TRUE(observer.own());
  EXPECT_FALSE(sender.round());
  EXPECT_EQ(observer.lists(), 2u);
}

TEST_F(Observing, WhoIsNotTheOwnerTakesNothing) {
  // As seen by a node whose log says that node-1 owns the partition.
  const auto another_log = std::make_shared<bus::MemoryPartition>();
  ObservingNode claiming{another_log, "node-1", first.url()}, misled{another_log, "node-3", "https://127.0.0.1:1"};
  ASSERT_TRUE(claiming.own());
  ASSERT_TRUE(testing::eventually([&] { return misled.owner().node == "node-1"; }));
  ObservationSender of_misled{*certificate, *misled.partitions, misled.observed, &test::wall_clock, options()};
  misled.observe(now);
  of_misled.round();
  ASSERT_EQ(troubles.size(), 1u);
  EXPECT_EQ(troubles[0].reason, "it answers 409");
  EXPECT_EQ(first.node.keys.last(a_key()), 0);
}

TEST_F(Observing, OnlyNodesAreHeard) {
  ASSERT_TRUE(first.node.own());
  ObservationBatch batch{test::some_uuid(9), 0, {}};
  batch.observations.keys.push_back({test::an_account(), a_key(), now});
  http::test::TestServer plain({first.receiver.route()});
  EXPECT_EQ(plain.ask(http::test::post(observations_path, text_of(batch))).status, 403u);
  EXPECT_EQ(first.node.keys.last(a_key()), 0);
}

TEST_F(Observing, WhatIsCalledMalformedForLongIsDroppedAndHoldsUpNobody) {
  auto impatient = options();
  impatient.drop_malformed_after = {};
  ObservationSender soon{*certificate, *observer.partitions, observer.observed, &test::wall_clock, impatient};
  claim(first, "node-1");
  first.answers_instead = 422;
  observe();
  EXPECT_FALSE(soon.round());
  ASSERT_EQ(troubles.size(), 1u);
  EXPECT_TRUE(troubles[0].dropped);
  first.answers_instead = 0;
  first.node.lists();
  observe();
  soon.round();
  EXPECT_EQ(first.node.lists(), 1u);
}

TEST_F(Observing, AFullBatchIsFollowedByTheNext) {
  claim(first, "node-1");
  constexpr std::size_t sessions = commands::most_observations + 10;
  const auto session = [](std::size_t n) {
    auto uuid = test::some_uuid(0x44);
    uuid.bytes[14] = static_cast<std::uint8_t>(n >> 8);
    uuid.bytes[15] = static_cast<std::uint8_t>(n);
    return domain::SessionId{uuid};
  };
  for (std::size_t n = 0; n < sessions; ++n) observer.sessions.seen(test::an_account(), {}, session(n), 1, now);
  EXPECT_TRUE(sender.round());
  EXPECT_FALSE(sender.round());
  std::size_t known = 0;
  for (std::size_t n = 0; n < sessions; ++n) known += first.node.sessions.last_seen(session(n), 1) == now;
  EXPECT_EQ(known, sessions);
}

}  // namespace
}  // namespace countersign::cluster
