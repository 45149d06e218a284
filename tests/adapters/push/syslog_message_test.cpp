#include "adapters/push/syslog_message.h"

#include <gtest/gtest.h>

namespace countersign::push {
namespace {

Message message() {
  Message made;
  made.line = R"({"id":"evt_1"})";
  made.id = "evt_1";
  made.type = "registration_code.used";
  made.sequence = 7;
  made.time = 1'795'687'200'123;
  return made;
}

TEST(SyslogMessage, IsRfc5424) {
  EXPECT_EQ(syslog_message(message(), "log.example", 1000),
            "<110>1 2026-11-26T10:00:00.123Z log.example countersign - registration_code.used "
            R"([origin software="Countersign"][meta sequenceId="7"] {"id":"evt_1"})");
}

TEST(SyslogMessage, FieldsOfTheHeaderKeepTheirLimits) {
  auto made = message();
  made.type = "registration_code.redemption_refused";
  made.syslog_severity = 2;
  const auto text = syslog_message(made, std::string(300, 'h') + " \n\xc3\xa4", 1000);
  EXPECT_EQ(text.find("<106>1 "), 0U);
  EXPECT_NE(text.find(' ' + std::string(255, 'h') + " countersign - registration_code.redemption_ref ["), text.npos);
  made.sequence = 0;
  EXPECT_NE(syslog_message(made, "", 1000).find("Z - countersign - "), std::string::npos);
  EXPECT_EQ(syslog_message(made, "", 1000).find("sequenceId"), std::string::npos);
}

TEST(SyslogMessage, SequencesBeyondTheStandardsLimitBeginAgain) {
  auto made = message();
  made.sequence = 2'147'483'647;
  EXPECT_NE(syslog_message(made, "h", 1000).find(R"(sequenceId="2147483647")"), std::string::npos);
  made.sequence = 2'147'483'648;
  EXPECT_NE(syslog_message(made, "h", 1000).find(R"(sequenceId="1")"), std::string::npos);
}

TEST(SyslogMessage, LongLinesAreCutAtACharactersEnd) {
  auto made = message();
  made.line = "abc\xc3\xa4";
  const auto text = syslog_message(made, "h", 4);
  EXPECT_TRUE(text.ends_with("] abc"));
}

TEST(SyslogMessage, IsCountedInBytes) {
  std::string stream;
  append_counted(stream, "ab\xc3\xa4");
  append_counted(stream, "c");
  EXPECT_EQ(stream,
            "4 ab\xc3\xa4"
            "1 c");
}

}  // namespace
}  // namespace countersign::push
