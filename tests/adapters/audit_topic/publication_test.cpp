// What one partition's publication writes, and where it goes on: after every break, beside another writer, after years.

#include "adapters/audit_topic/publication.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <set>

#include "adapters/queries/position_text.h"
#include "adapters/queries/rfc3339.h"
#include "tests/adapters/audit_topic/memory_audit_topic.h"
#include "tests/adapters/operations/office.h"

namespace countersign::audit_topic::test {
namespace {

std::string header(const AuditRecord& record, const std::string& name) {
  for (const auto& [key, value] : record.headers)
    if (key == name) return value;
  return {};
}
std::uint64_t sequence(const AuditRecord& record) {
  return std::stoull(header(record, "ce_sequence"));
}

class PublicTopic : public ::testing::Test {
 protected:
  PublicationPorts ports(MemoryAuditTopic& through) {
    return {office.views, office.published, office.opener, through, 1};
  }
  /// Another one, as after a start or at another node.
  std::unique_ptr<Publication> a_publication() { return a_publication(writer); }
  std::unique_ptr<Publication> a_publication(MemoryAuditTopic& through) {
    return std::make_unique<Publication>(ports(through), office.identity, limits);
  }
  template <class Command>
  void run(Command command) {
    EXPECT_TRUE(office.submitter.wait(office.as_admin(), std::move(command)).ok());
  }
  /// So many events, each in a frame of its own.
  void events(int count) {
    for (int i = 0; i < count; ++i) run(domain::RecordDownload{});
    office.wait_landed();
  }
  /// False: it failed.
  static bool write_all(Publication& publication) {
    while (true) {
      const auto left = publication.step();
      if (left.has_error()) return false;
      if (*left == Publication::Left::nothing) return true;
    }
  }
  std::map<std::string, std::vector<std::string>> events_in_views() {
    std::map<std::string, std::vector<std::string>> ids;
    for (const auto account : {office.account, domain::system_account()}) {
      office.views.events_from(account, 1, [&](std::string_view bytes, bus::FrameNumber) {
        ids[domain::account_text(account)].push_back(domain::EventView::parse(bytes)->id().text());
        return true;
      });
    }
    return ids;
  }
  /// Every event is there, of each account for the first time in order, and repeats have its id.
  void expect_all_in_order() {
    std::map<std::string, std::vector<std::string>> seen;
    for (const auto& record : topic->records()) {
      auto& ids = seen[record.key];
      const auto number = sequence(record);
      if (number == ids.size() + 1) {
        ids.push_back(header(record, "ce_id"));
        continue;
      }
      ASSERT_LE(number, ids.size()) << "an event of " << record.key << " before those that precede it";
      EXPECT_EQ(ids[number - 1], header(record, "ce_id"));
    }
    EXPECT_EQ(seen, events_in_views());
  }
  std::size_t count() { return topic->records().size(); }
  std::size_t count_in_views() {
    std::size_t all = 0;
    for (const auto& [account, ids] : events_in_views()) all += ids.size();
    return all;
  }

  operations::test::Office office;
  std::shared_ptr<Topic> topic = std::make_shared<Topic>();
  MemoryAuditTopic writer{topic};
  PublicationLimits limits{.events = 3, .frames = 7, .look_back = 4};
};

TEST_F(PublicTopic, HoldsEveryEventOnceInOrder) {
  const auto publication = a_publication();
  for (int i = 0; i < 5; ++i) {
    events(9);
    ASSERT_TRUE(write_all(*publication));
  }
  expect_all_in_order();
  EXPECT_EQ(count(), count_in_views());
  EXPECT_EQ(publication->lag_events(), 0u);
  EXPECT_EQ(publication->written(), count());
}

TEST_F(PublicTopic, ARecordIsAnEventAsCloudEventsWants) {
  const auto user = office.a_user("Xerxes");
  office.wait_landed();
  ASSERT_TRUE(write_all(*a_publication()));
  const auto records = topic->records();
  const auto found = std::ranges::find_if(
      records, [](const auto& record) { return header(record, "ce_type") == "countersign.user.created"; });
  ASSERT_NE(found, records.end());
  EXPECT_EQ(found->key, office.account.text());
  EXPECT_EQ(header(*found, "ce_specversion"), "1.0");
  EXPECT_EQ(header(*found, "ce_source"), "/accounts/" + office.account.text());
  EXPECT_EQ(header(*found, "ce_subject"), user.text());
  EXPECT_EQ(header(*found, "content-type"), "application/json");
  EXPECT_TRUE(header(*found, "ce_id").starts_with("evt_"));
  const auto body = boost::json::parse(found->value).as_object();
  EXPECT_EQ(body.at("metadata").at("uid").as_string(), header(*found, "ce_id"));
  EXPECT_EQ(queries::parse_rfc3339(header(*found, "ce_time")), body.at("time").as_int64());
  EXPECT_NE(found->value.find("Xerxes"), std::string::npos);
}

TEST_F(PublicTopic, WhoIsErasedBeforeItIsWrittenStandsThereAsErased) {
  const auto user = office.a_disabled_user("Xerxes");
  run(domain::EraseUser{user});
  ASSERT_FALSE(office.keys->erase_subjects(std::vector<keys::Subject>{{office.account, user}}));
  office.wait_landed();
  ASSERT_TRUE(write_all(*a_publication()));
  bool erased = false;
  for (const auto& record : topic->records()) {
    EXPECT_EQ(record.value.find("Xerxes"), std::string::npos) << record.value;
    erased = erased || record.value.find("(erased)") != std::string::npos;
  }
  EXPECT_TRUE(erased);
  expect_all_in_order();
}

TEST_F(PublicTopic, ANewWriterGoesOnBehindTheNewestMark) {
  events(20);
  ASSERT_TRUE(write_all(*a_publication()));
  const auto before = count();
  ASSERT_TRUE(write_all(*a_publication()));
  EXPECT_EQ(count(), before) << "nothing is new";
  events(5);
  ASSERT_TRUE(write_all(*a_publication()));
  EXPECT_EQ(count(), before + 5);
  expect_all_in_order();
}

TEST_F(PublicTopic, ABreakAtEveryPointLosesNothing) {
  events(25);
  const auto all = count_in_views();
  for (std::size_t point = 0; point < all; ++point) {
    topic->partitions.clear();
    writer.break_after(point);
    EXPECT_FALSE(write_all(*a_publication())) << "after " << point;
    writer.mend();
    ASSERT_TRUE(write_all(*a_publication()));
    expect_all_in_order();
    EXPECT_LT(count(), all + limits.frames + limits.events) << "one step is repeated at most";
  }
}

TEST_F(PublicTopic, ATopicThatComesBackIsWrittenByTheSameWriter) {
  events(10);
  const auto publication = a_publication();
  writer.break_after(0);
  EXPECT_FALSE(write_all(*publication)) << "where to begin can't be read";
  writer.break_after(5);
  EXPECT_FALSE(write_all(*publication));
  EXPECT_FALSE(write_all(*publication));
  events(10);
  EXPECT_FALSE(write_all(*publication));
  EXPECT_EQ(publication->lag_events(), count_in_views() - publication->written());
  writer.mend();
  ASSERT_TRUE(write_all(*publication));
  expect_all_in_order();
  EXPECT_LE(count(), count_in_views() + limits.events) << "one batch is repeated at most";
}

TEST_F(PublicTopic, TwoWritersAtOnceMakeRepeatsOnly) {
  MemoryAuditTopic others{topic};
  const auto former = a_publication(), latter = a_publication(others);
  for (int i = 0; i < 12; ++i) {
    events(4);
    // The latter one writes in the midst of the former one's steps, which goes on behind it with what it had read.
    writer.before_write = [&] { ASSERT_TRUE(write_all(*latter)); };
    ASSERT_TRUE(write_all(*former));
    expect_all_in_order();
  }
  EXPECT_GT(count(), count_in_views());
  const auto before = count();
  ASSERT_TRUE(write_all(*a_publication()));
  EXPECT_EQ(count(), before);
}

TEST_F(PublicTopic, AMarkFarBackIsFound) {
  events(3);
  ASSERT_TRUE(write_all(*a_publication()));
  const auto marked = count();
  limits.frames = 1'000;
  events(40);
  writer.break_after(39);
  EXPECT_FALSE(write_all(*a_publication()));
  writer.mend();
  const auto broken_off = count();
  EXPECT_GT(broken_off, marked + 30);
  ASSERT_TRUE(write_all(*a_publication()));
  EXPECT_EQ(writer.looked_back, 4u * 4 * 4);
  EXPECT_EQ(header(topic->records()[broken_off], "ce_sequence"), header(topic->records()[marked], "ce_sequence"));
  expect_all_in_order();
}

TEST_F(PublicTopic, MarksOfOthersDoNotCount) {
  auto other = office.identity;
  other.cluster.fill(7);
  auto elsewhere = office.identity;
  elsewhere.partition = 5;
  for (const auto& log : {other, elsewhere}) {
    AuditRecord stranger;
    stranger.key = "acc_stranger";
    stranger.headers = {{"ce_sequence", "1"}};
    stranger.mark = queries::text_of({log, bus::FrameNumber{1'000'000}});
    topic->partitions[0].push_back(stranger);
  }
  AuditRecord nonsense;
  nonsense.mark = "nonsense";
  nonsense.headers = {{"ce_sequence", "1"}};
  topic->partitions[0].push_back(nonsense);
  events(5);
  ASSERT_TRUE(write_all(*a_publication()));
  topic->partitions[0].erase(topic->partitions[0].begin(), topic->partitions[0].begin() + 3);
  expect_all_in_order();
  EXPECT_EQ(count(), count_in_views());
}

TEST_F(PublicTopic, OneWhoseRecordsHaveAllGoneIsWrittenFromTheBeginning) {
  events(10);
  ASSERT_TRUE(write_all(*a_publication()));
  const auto first = count();
  topic->deleted[0] = first;
  events(2);
  ASSERT_TRUE(write_all(*a_publication()));
  EXPECT_EQ(count(), first + count_in_views());
  expect_all_in_order();
}

TEST_F(PublicTopic, AFrameWithoutEventsIsNoReasonToWrite) {
  events(1);
  const auto publication = a_publication();
  ASSERT_TRUE(write_all(*publication));
  const auto before = count();
  office.running->own(false);  // a release
  ASSERT_TRUE(office.soon([&] { return !office.running->owns(); }));
  ASSERT_TRUE(write_all(*publication));
  EXPECT_EQ(count(), before);
}

}  // namespace
}  // namespace countersign::audit_topic::test
