#include "adapters/messages/smtp_reply.h"

#include <gtest/gtest.h>

namespace countersign::messages {
namespace {

using State = SmtpReplyReader::State;

std::string kind_of(const std::optional<Result>& result) {
  if (!result) return "goes on";
  if (std::holds_alternative<Accepted>(*result)) return "accepted";
  if (std::holds_alternative<Refused>(*result)) return "refused";
  return std::holds_alternative<Later>(*result) ? "later" : "unknown";
}

TEST(SmtpReplies, AreReadInAnyPieces) {
  const std::string text = "250-first\r\n250-2.1.5 second\r\n250 2.0.0 Ok: queued as 4F1A2B\r\n";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    SmtpReplyReader reader;
    auto state = State::incomplete;
    for (std::size_t at = 0; at < text.size(); at += piece) {
      EXPECT_EQ(state, State::incomplete);
      state = reader.feed(std::string_view(text).substr(at, piece));
    }
    EXPECT_EQ(state, State::complete);
    EXPECT_EQ(reader.reply().code, 250U);
    EXPECT_EQ(reader.reply().enhanced, "2.0.0");
    EXPECT_EQ(reader.reply().text, "Ok: queued as 4F1A2B");
  }
}

TEST(SmtpReplies, Forms) {
  std::string many;
  for (int line = 0; line < 101; ++line) many += "250-x\r\n";
  const struct {
    std::string text;
    State state;
  } rows[] = {{"250 ok\r\n", State::complete},
              {"250\r\n", State::complete},
              {"250 ok\n", State::complete},
              {"250-a\r\n250 b\r\n", State::complete},
              {"250 ok", State::incomplete},
              {"250-ok\r\n", State::incomplete},
              {"ok\r\n", State::broken},
              {"\r\n", State::broken},
              {"25\r\n", State::broken},
              {"150 x\r\n", State::broken},
              {"650 x\r\n", State::broken},
              {"250x\r\n", State::broken},
              {"2500\r\n", State::broken},
              {"250-a\r\n550 b\r\n", State::broken},
              {std::string(2002, '2'), State::broken},
              {many, State::broken},
              {"HTTP/1.1 200\r\n", State::broken}};
  for (const auto& row : rows) {
    SmtpReplyReader reader;
    EXPECT_EQ(reader.feed(row.text), row.state) << row.text.substr(0, 30);
  }
}

TEST(SmtpReplies, EnhancedCodes) {
  const struct {
    const char *text, *enhanced;
  } rows[] = {{"5.1.1 no such user", "5.1.1"},
              {"5.7.26 x", "5.7.26"},
              {"5.1.1", "5.1.1"},
              {"5.1 x", ""},
              {"5.1.1.1 x", ""},
              {"5.1234.1 x", ""},
              {"Ok", ""},
              {"", ""},
              {"<5.1.1> x", ""},
              {"5..1 x", ""},
              {"5.1. x", ""}};
  for (const auto& row : rows) {
    SmtpReplyReader reader;
    ASSERT_EQ(reader.feed("550 " + std::string(row.text) + "\r\n"), State::complete);
    EXPECT_EQ(reader.reply().enhanced, row.enhanced) << row.text;
  }
}

TEST(SmtpOutcomes, OfEachCodeAtEachStep) {
  const struct {
    unsigned code;
    const char *mail_from, *recipient, *data, *end_of_data;
  } rows[] = {{220, "goes on", "goes on", "later", "accepted"},  {250, "goes on", "goes on", "later", "accepted"},
              {251, "goes on", "goes on", "later", "accepted"},  {334, "later", "later", "later", "unknown"},
              {354, "later", "later", "goes on", "unknown"},     {421, "later", "later", "later", "later"},
              {450, "later", "later", "later", "later"},         {451, "later", "later", "later", "later"},
              {452, "later", "later", "later", "later"},         {500, "refused", "refused", "refused", "refused"},
              {530, "later", "later", "later", "later"},         {534, "later", "later", "later", "later"},
              {535, "later", "later", "later", "later"},         {538, "later", "later", "later", "later"},
              {550, "refused", "refused", "refused", "refused"}, {552, "refused", "refused", "refused", "refused"},
              {553, "refused", "refused", "refused", "refused"}, {554, "refused", "refused", "refused", "refused"}};
  for (const auto& row : rows) {
    const SmtpReply reply{row.code, "", ""};
    EXPECT_EQ(kind_of(outcome_of(SmtpStep::mail_from, reply)), row.mail_from) << row.code;
    EXPECT_EQ(kind_of(outcome_of(SmtpStep::recipient, reply)), row.recipient) << row.code;
    EXPECT_EQ(kind_of(outcome_of(SmtpStep::data, reply)), row.data) << row.code;
    EXPECT_EQ(kind_of(outcome_of(SmtpStep::end_of_data, reply)), row.end_of_data) << row.code;
  }
}

TEST(SmtpOutcomes, WithoutAReply) {
  for (const auto step : {SmtpStep::mail_from, SmtpStep::recipient, SmtpStep::data})
    EXPECT_EQ(kind_of(without_reply(step, "closed")), "later");
  EXPECT_EQ(kind_of(without_reply(SmtpStep::end_of_data, "closed")), "unknown");
}

TEST(SmtpOutcomes, ReasonsHaveCodesAndNoWordsOfTheServer) {
  const auto result = outcome_of(SmtpStep::recipient, {550, "5.1.1", "<anna@example.com> is unknown"});
  EXPECT_EQ(std::get<Refused>(result.value()).reason, "RCPT TO was answered 550 5.1.1");
  const auto later = outcome_of(SmtpStep::end_of_data, {451, "", "123456 looks odd"});
  EXPECT_EQ(std::get<Later>(later.value()).reason, "the message was answered 451");
}

TEST(SmtpOutcomes, QueueIds) {
  const struct {
    const char *text, *id;
  } rows[] = {{"Ok: queued as 4F1A2B", "4F1A2B"},
              {"OK id=1tGh3j-0000Ab-2x", "1tGh3j-0000Ab-2x"},
              {"Ok: queued as 4F1A2B\x1b[31m", "4F1A2B"},
              {"Ok", ""},
              {"queued as ", ""},
              {"queued as <anna@example.com>", ""}};
  for (const auto& row : rows) EXPECT_EQ(queue_id_in(row.text), row.id) << row.text;
  EXPECT_EQ(queue_id_in("queued as " + std::string(129, 'a')), "");
}

}  // namespace
}  // namespace countersign::messages
