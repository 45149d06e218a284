#include "adapters/messages/delivery_report.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace countersign::messages {
namespace {

using State = DeliveryReport::State;

const DeliveryReport* report_in(const ParsedReport& parsed) {
  return std::get_if<DeliveryReport>(&parsed);
}

TEST(TwilioReports, States) {
  const struct {
    const char* status;
    State state;
  } rows[] = {{"accepted", State::underway}, {"scheduled", State::underway}, {"queued", State::underway},
              {"sending", State::underway},  {"sent", State::underway},      {"delivered", State::delivered},
              {"read", State::delivered},    {"undelivered", State::failed}, {"failed", State::failed},
              {"canceled", State::failed}};
  for (const auto& row : rows) {
    const auto parsed = parse_twilio_report({{"MessageSid", "SM1"}, {"MessageStatus", row.status}, {"To", "+491"}});
    const auto* report = report_in(parsed);
    ASSERT_TRUE(report) << row.status;
    EXPECT_EQ(report->state, row.state) << row.status;
    EXPECT_EQ(report->gateway_id, "SM1");
    EXPECT_EQ(report->code, row.status);
  }
}

TEST(TwilioReports, ReferenceAndErrorCode) {
  const auto parsed = parse_twilio_report(
      {{"MessageSid", "SM1"}, {"MessageStatus", "undelivered"}, {"ErrorCode", "30003"}, {"reference", "msg_1"}});
  const auto* report = report_in(parsed);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->reference, "msg_1");
  EXPECT_EQ(report->code, "30003");
}

TEST(TwilioReports, Refusals) {
  for (const ReportFields& fields :
       {ReportFields{}, ReportFields{{"MessageSid", "SM1"}}, ReportFields{{"MessageStatus", "sent"}},
        ReportFields{{"MessageSid", ""}, {"MessageStatus", "sent"}},
        ReportFields{{"MessageSid", "S M"}, {"MessageStatus", "sent"}},
        ReportFields{{"MessageSid", std::string(129, 'S')}, {"MessageStatus", "sent"}},
        ReportFields{{"MessageSid", "SM1"}, {"MessageStatus", "teleported"}}})
    EXPECT_FALSE(report_in(parse_twilio_report(fields)));
}

TEST(KannelReports, Types) {
  const struct {
    const char* type;
    State state;
  } rows[] = {{"1", State::delivered},
              {"2", State::failed},
              {"4", State::underway},
              {"8", State::underway},
              {"16", State::failed}};
  for (const auto& row : rows) {
    const auto parsed = parse_kannel_report({{"reference", "msg_1"}, {"type", row.type}});
    const auto* report = report_in(parsed);
    ASSERT_TRUE(report) << row.type;
    EXPECT_EQ(report->state, row.state) << row.type;
    EXPECT_EQ(report->reference, "msg_1");
    EXPECT_EQ(report->code, row.type);
  }
}

TEST(KannelReports, Refusals) {
  for (const char* type : {"", "0", "3", "32", "1 ", "%d", "-1"})
    EXPECT_FALSE(report_in(parse_kannel_report({{"reference", "msg_1"}, {"type", type}}))) << type;
  EXPECT_FALSE(report_in(parse_kannel_report({{"type", "1"}})));
  EXPECT_FALSE(report_in(parse_kannel_report({{"reference", "a\nb"}, {"type", "1"}})));
}

TEST(JsonReports, Table) {
  const JsonReportShape shape{
      "/results/0/messageId", "/results/0/ref", "/results/0/status/name", {"DELIVERED"}, {"REJECTED", "EXPIRED"}};
  ASSERT_EQ(flaw_in(shape), "");
  const struct {
    const char* json;
    std::optional<State> state;
  } rows[] = {
      {R"({"results":[{"messageId":"4711","ref":"msg_1","status":{"name":"delivered"}}]})", State::delivered},
      {R"({"results":[{"messageId":4711,"status":{"name":"Expired"}}]})", State::failed},
      {R"({"results":[{"ref":"msg_1","status":{"name":"PENDING"}}]})", State::underway},
      {R"({"results":[{"messageId":"4711","status":{}}]})", std::nullopt},
      {R"({"results":[{"status":{"name":"delivered"}}]})", std::nullopt},
      {R"({"results":[]})", std::nullopt},
      {R"([])", std::nullopt},
      {R"("delivered")", std::nullopt},
      {R"({"results":[{"messageId":{"a":1},"status":{"name":"delivered"}}]})", std::nullopt},
  };
  for (const auto& row : rows) {
    const auto parsed = parse_json_report(shape, boost::json::parse(row.json));
    const auto* report = report_in(parsed);
    ASSERT_EQ(report != nullptr, row.state.has_value()) << row.json;
    if (!report) continue;
    EXPECT_EQ(report->state, *row.state) << row.json;
  }
}

TEST(JsonReports, ShapesThatCannotBe) {
  for (const auto& shape : {JsonReportShape{"", "", "/s", {"d"}, {}}, JsonReportShape{"id", "", "/s", {"d"}, {}},
                            JsonReportShape{"/id", "", "", {"d"}, {}}, JsonReportShape{"/id", "", "/s", {}, {"f"}}})
    EXPECT_NE(flaw_in(shape), "");
}

}  // namespace
}  // namespace countersign::messages
