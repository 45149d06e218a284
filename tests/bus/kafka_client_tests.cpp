// The Kafka log where there is no broker.

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bus/kafka_log.h"
#include "tests/support/log_calls.h"

namespace countersign::bus {
namespace {

using namespace std::chrono_literals;

/// A port of this machine on which nobody listens while this lives.
class SilentPort {
 public:
  SilentPort() : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* plain = reinterpret_cast<sockaddr*>(&address);
    if (bind(socket_, plain, size) != 0 || getsockname(socket_, plain, &size) != 0) throw std::runtime_error("no port");
    name_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  ~SilentPort() { close(socket_); }
  SilentPort(const SilentPort&) = delete;
  SilentPort& operator=(const SilentPort&) = delete;
  const std::string& name() const { return name_; }

 private:
  int socket_;
  std::string name_;
};

class WithoutBrokers : public ::testing::Test {
 protected:
  WithoutBrokers() {
    options.brokers = port.name();
    options.topic = "countersign.log";
    options.answer_within = 300ms;
    options.delivered_within = 300ms;
  }
#ifdef __SANITIZE_THREAD__
  void SetUp() override {
    GTEST_SKIP() << "librdkafka begins its threads by thrd_create, which this ThreadSanitizer doesn't know";
  }
#endif
  SilentPort port;
  KafkaOptions options;
};

TEST_F(WithoutBrokers, AnAppendIsInDoubtAndTheNextOneHasANewProducer) {
  KafkaLog log(std::make_shared<KafkaReader>(options), 0);
  for (int i = 0; i < 2; ++i) {
    const Appended appended = testing::append(log, "record");
    EXPECT_EQ(appended.outcome, AppendOutcome::in_doubt);
    EXPECT_EQ(appended.reason, errc::io_error);
  }
}

TEST_F(WithoutBrokers, AReadIsAnErrorAndNotTheEnd) {
  const auto reader = std::make_shared<KafkaReader>(options);
  KafkaLog log(reader, 3);
  EXPECT_EQ(log.read(Offset{}, 1).error(), errc::unreachable);
  EXPECT_EQ(log.end().error(), errc::unreachable);
  EXPECT_EQ(log.tail(Offset{}, 1, 1ms).error(), errc::unreachable);
}

TEST_F(WithoutBrokers, WhatIsTooLargeIsNotWritten) {
  KafkaLog log(std::make_shared<KafkaReader>(options), 0);
  const Appended appended = testing::append(log, std::string(max_record_bytes + 1, 'x'));
  EXPECT_EQ(appended.outcome, AppendOutcome::not_written);
  EXPECT_EQ(appended.reason, errc::too_large);
}

TEST_F(WithoutBrokers, ProblemsNameTopicPartitionAndBrokers) {
  std::string told;
  std::mutex mutex;
  options.on_problem = [&](const std::string& text) {
    const std::lock_guard lock(mutex);
    told += text + "\n";
  };
  KafkaLog(std::make_shared<KafkaReader>(options), 3).end().has_error();
  EXPECT_NE(told.find("topic 'countersign.log', partition 3, at " + port.name()), std::string::npos) << told;
}

TEST_F(WithoutBrokers, PropertiesOfSecurityPassAndOthersAreRefusedByName) {
  options.properties = {{"security.protocol", "sasl_plaintext"},
                        {"sasl.mechanism", "PLAIN"},
                        {"sasl.username", "countersign"},
                        {"sasl.password", "a secret of theirs"}};
  EXPECT_NO_THROW(KafkaReader{options});
  for (const char* name : {"acks", "enable.idempotence", "isolation.level", "debug", "log_level", "group.id"}) {
    options.properties = {{name, "1"}};
    try {
      const KafkaReader reader(options);
      ADD_FAILURE() << name;
    } catch (const KafkaRefused& refused) {
      EXPECT_NE(std::string(refused.what()).find(name), std::string::npos);
    }
  }
}

TEST_F(WithoutBrokers, TextsHoldNoSecrets) {
  options.properties = {{"ssl.key.password", "a secret of theirs"}, {"sasl.password", "secret"}};
  KafkaProblems problems(options);
  problems.report("the broker says that 'a secret of theirs' and secret are wrong, again secret");
  EXPECT_EQ(problems.newest(), "the broker says that '***' and *** are wrong, again ***");
  options.properties = {{"security.protocol", "a secret of theirs"}};
  try {
    const KafkaReader reader(options);
    ADD_FAILURE() << "there is no such protocol";
  } catch (const KafkaRefused& refused) {
    EXPECT_EQ(std::string(refused.what()).find("a secret"), std::string::npos) << refused.what();
  }
}

}  // namespace
}  // namespace countersign::bus
