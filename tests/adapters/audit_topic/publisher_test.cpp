// The publisher's thread: woken by frames, patient with a topic that fails, idle where the node doesn't own.

#include "adapters/audit_topic/publisher.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/adapters/audit_topic/memory_audit_topic.h"
#include "tests/adapters/operations/office.h"

namespace countersign::audit_topic::test {
namespace {

class Publishing : public ::testing::Test {
 protected:
  void begin() {
    publisher = std::make_unique<Publisher>(
        PublicationPorts{office.views, office.published, office.opener, writer, 1}, office.partitions,
        [this](std::string_view text) {
          const std::lock_guard lock(mutex);
          warnings.emplace_back(text);
        },
        options);
    publisher->start();
  }
  void TearDown() override { publisher.reset(); }
  void events(int count) {
    for (int i = 0; i < count; ++i)
      ASSERT_TRUE(office.submitter.wait(office.as_admin(), domain::RecordDownload{}).ok());
  }
  bool all_written() {
    return office.soon([&] {
      std::set<std::string> sequences;
      for (const auto& record : topic->records())
        if (record.key == office.account.text())
          for (const auto& [name, value] : record.headers)
            if (name == "ce_sequence") sequences.insert(value);
      return sequences.size() == office.published.reader().account(office.account)->last_sequence;
    });
  }

  operations::test::Office office;
  std::shared_ptr<Topic> topic = std::make_shared<Topic>();
  MemoryAuditTopic writer{topic};
  PublisherOptions options{.back_off = {.first = std::chrono::milliseconds(2), .longest = std::chrono::milliseconds(8)},
                           .look_every = std::chrono::milliseconds(20),
                           .pause = std::chrono::milliseconds(1)};
  std::mutex mutex;
  std::vector<std::string> warnings;
  std::unique_ptr<Publisher> publisher;
};

TEST_F(Publishing, WhatLandsIsWritten) {
  options.look_every = std::chrono::hours(1);  // so nothing but a frame wakes it
  begin();
  for (int i = 0; i < 5; ++i) {
    events(10);
    ASSERT_TRUE(all_written());
  }
  publisher->stop();
  ASSERT_EQ(publisher->statuses().size(), 1u);
  EXPECT_EQ(publisher->statuses().front().written, topic->records().size());
}

TEST_F(Publishing, AFailureIsToldOnceAndCommandsGoOn) {
  writer.break_after(3);
  begin();
  events(30);
  ASSERT_TRUE(office.soon([&] {
    const auto statuses = publisher->statuses();
    return !statuses.empty() && !statuses.front().failure.empty() && statuses.front().lag_events >= 30;
  }));
  writer.mend();
  ASSERT_TRUE(all_written());
  EXPECT_TRUE(office.soon([&] {
    const auto status = publisher->statuses().front();
    return status.failure.empty() && status.lag_events == 0;
  }));
  const std::lock_guard lock(mutex);
  EXPECT_EQ(warnings.size(), 1u);
}

TEST_F(Publishing, ThereIsNothingToWriteWithoutOwnership) {
  begin();
  ASSERT_TRUE(all_written());
  office.running->own(false);
  ASSERT_TRUE(office.soon([&] { return publisher->statuses().empty(); }));
  const auto before = topic->records().size();
  office.running->own(true);
  ASSERT_TRUE(office.soon([&] { return publisher->statuses().size() == 1; }));
  ASSERT_TRUE(all_written());
  EXPECT_EQ(topic->records().size(), before) << "the new term goes on behind the former one's mark";
}

}  // namespace
}  // namespace countersign::audit_topic::test
