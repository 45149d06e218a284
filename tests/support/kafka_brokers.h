#pragma once
// The brokers that tests/kafka/run_tests.py has started for this program: where they are, topics of one's own, and a
// way to kill, pause and start them. Without them every test of the program is skipped.

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "bus/kafka_log.h"
#include "bus/kafka_topics.h"

namespace countersign::testing {

/// host:port,host:port; empty: there are none.
std::string kafka_brokers();

/// A name that no other topic has.
std::string new_topic_name(const std::string& kind = "log");
/// Makes a topic of its own and returns its name.
std::string new_topic(int partitions = 1, int replication = 1, const std::map<std::string, std::string>& settings = {});
/// Options for the topic that lose patience soon.
bus::KafkaOptions kafka_options(const std::string& topic);

/// Deletes the topic's records before `offset`.
void delete_records(const std::string& topic, int partition, std::int64_t offset);

/// "kill", "pause", "resume" or "start" the broker of this number; returns when that is done (start: ready).
void tell_broker(const std::string& verb, int number = 1);

/// A broker that is paused or dead at the end of a test is brought back for the next one.
class WithKafka : public ::testing::Test {
 protected:
  void TearDown() override {
    if (touched_) tell_broker("restore");
  }
  void tell(const std::string& verb, int number = 1) {
    touched_ = true;
    tell_broker(verb, number);
  }

 private:
  bool touched_ = false;
};

}  // namespace countersign::testing
