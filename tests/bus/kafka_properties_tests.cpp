// Properties of librdkafka as an operator gives them.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "bus/kafka_client.h"
#include "tests/support/scratch_directory.h"

namespace countersign::bus {
namespace {

class PropertiesInAFile : public ::testing::Test {
 protected:
  std::filesystem::path file_with(const std::string& text, mode_t mode = 0600) {
    std::ofstream(file) << text;
    ::chmod(file.c_str(), mode);
    return file;
  }

  std::string refusal(const std::vector<std::string>& given, const std::filesystem::path& from) {
    try {
      kafka_properties(given, from);
    } catch (const KafkaRefused& refused) {
      return refused.what();
    }
    return "not refused";
  }

  testing::ScratchDirectory scratch;
  std::filesystem::path file = scratch / "kafka.properties";
};

TEST_F(PropertiesInAFile, AreNamesAndValues) {
  const auto found = kafka_properties({}, file_with("# of the node\n\n  sasl.username = countersign\r\n"
                                                    "sasl.password=a=b, c\nssl.key.password="));
  EXPECT_EQ(found,
            (KafkaProperties{{"sasl.username", "countersign"}, {"sasl.password", "a=b, c"}, {"ssl.key.password", ""}}));
}

TEST_F(PropertiesInAFile, GiveWayToThoseGivenOneByOne) {
  const auto found = kafka_properties({"sasl.username=other"}, file_with("sasl.username=countersign\nclient.rack=a\n"));
  EXPECT_EQ(found, (KafkaProperties{{"sasl.username", "other"}, {"client.rack", "a"}}));
  EXPECT_EQ(kafka_properties({}, {}), KafkaProperties{});
}

TEST_F(PropertiesInAFile, AreRefusedByFileAndLineAndNotQuoted) {
  for (const auto* text : {"client.rack=a\na-secret\n", "client.rack=a\n=a-secret\n"}) {
    const auto said = refusal({}, file_with(text));
    EXPECT_NE(said.find(file.string() + ": line 2: name=value is expected"), said.npos) << said;
    EXPECT_EQ(said.find("a-secret"), said.npos) << said;
  }
  EXPECT_EQ(refusal({"a-secret"}, {}), "a Kafka property: name=value is expected");
  EXPECT_EQ(refusal({"=a-secret"}, {}), "a Kafka property: name=value is expected");
}

TEST_F(PropertiesInAFile, ThatIsNoneAreRefused) {
  EXPECT_NE(refusal({}, scratch / "missing").find("can't be read: No such file"), std::string::npos);
  EXPECT_NE(refusal({}, scratch.path()).find("not a regular file"), std::string::npos);
  EXPECT_NE(refusal({}, file_with(std::string((1 << 20) + 1, '#'))).find("more than 1 MiB"), std::string::npos);
}

TEST_F(PropertiesInAFile, ThatEverybodyMayReadHoldNoSecrets) {
  EXPECT_EQ(kafka_properties({}, file_with("security.protocol=SSL\n", 0644)).size(), 1u);
  EXPECT_NE(refusal({}, file_with("sasl.password=x\n", 0644)).find("chmod 600"), std::string::npos);
  EXPECT_EQ(kafka_properties({}, file_with("sasl.password=x\n", 0640)).size(), 1u);
}

TEST(KafkaProblems, RepeatNothingForAWhileAndKeepTheReason) {
  std::vector<std::string> told;
  KafkaOptions options;
  options.on_problem = [&](const std::string& text) { told.push_back(text); };
  KafkaProblems problems(options);
  for (int i = 0; i < 3; ++i) {
    problems.report("wrong password");
    problems.remark("all brokers are down");
  }
  EXPECT_EQ(told, (std::vector<std::string>{"wrong password", "all brokers are down"}));
  EXPECT_EQ(problems.newest(), "wrong password");
}

}  // namespace
}  // namespace countersign::bus
