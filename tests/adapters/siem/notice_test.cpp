// Lines that stand for no event: of their own type, without a sequence, and with a checkpoint that still verifies.

#include "adapters/siem/notice.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "adapters/keys/rfc4648.h"
#include "adapters/siem/checkpoint_pace.h"

namespace countersign::siem::test {
namespace {

namespace json = boost::json;

const std::string note =
    "example.com/log/acc_system\n1234\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n\n\xe2\x80\x94 example.com/log/"
    "acc_system q83vEjRWeJA=\n";

Notice checkpoint() {
  return checkpoint_notice(domain::system_account(), note, 1'795'420'800'000);
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

TEST(Notice, OfACheckpointNamesTheSizeItCovers) {
  EXPECT_EQ(checkpoint().size, 1234u);
  EXPECT_EQ(checkpoint().id, "chk_system_1234") << "the same head has the same id";
}

TEST(Notice, HoldsTheNoteAsItWasSigned) {
  const auto notice = checkpoint();
  EXPECT_EQ(json::parse(line_of(ExportFormat::native, notice)).at("checkpoint").as_string(), note);
  EXPECT_EQ(json::parse(line_of(ExportFormat::ocsf, notice)).at("unmapped").at("checkpoint").as_string(), note);
  EXPECT_EQ(json::parse(line_of(ExportFormat::ecs, notice)).at("countersign").at("checkpoint").as_string(), note);
  const auto cef = line_of(ExportFormat::cef, notice);
  const auto begin = cef.find(" cs6=") + 5;
  auto written = cef.substr(begin, cef.find(" cn1Label=") - begin);
  EXPECT_EQ(replaced(replaced(written, "\\=", "="), "\\n", "\n"), note);
  const auto leef = line_of(ExportFormat::leef, notice);
  EXPECT_EQ(keys::parse_base64(leef.substr(leef.find("checkpointBase64=") + 17)), note);
}

TEST(Notice, IsOneLineOfItsOwnTypeInEveryFormat) {
  for (const auto& notice : {checkpoint(), test_notice(domain::system_account(), "evt_x", 1'795'420'800'000)})
    for (const auto format : all_formats) {
      const auto line = line_of(format, notice);
      EXPECT_EQ(line.find_first_of("\r\n"), std::string::npos) << line;
      EXPECT_NE(line.find(notice.type), std::string::npos) << line;
      EXPECT_NE(line.find(notice.id), std::string::npos) << line;
      EXPECT_NE(line.find("acc_system"), std::string::npos) << line;
      EXPECT_EQ(line.find("equence"), std::string::npos) << line;
      if (is_json(format)) {
        EXPECT_TRUE(json::parse(line).is_object());
      }
    }
  EXPECT_EQ(line_of(ExportFormat::native, test_notice(domain::system_account(), "x", 0)).find("checkpoint"),
            std::string::npos);
}

TEST(CheckpointPace, IsOneWhenAllHasBeenSentAndThenOnceInAWhile) {
  CheckpointPace pace(10);
  const auto now = CheckpointPace::Clock::now();
  EXPECT_FALSE(pace.due(10, true, now)) << "nothing has been sent";
  EXPECT_FALSE(pace.until_due(10, now));
  EXPECT_FALSE(pace.due(11, false, now));
  EXPECT_TRUE(pace.due(11, true, now));
  pace.asked(now);
  pace.sent(11);
  EXPECT_FALSE(pace.due(12, true, now + std::chrono::seconds(59)));
  EXPECT_EQ(pace.until_due(12, now + std::chrono::seconds(59)), std::chrono::seconds(1));
  EXPECT_TRUE(pace.due(12, false, now + std::chrono::seconds(60)));
  EXPECT_FALSE(pace.due(11, true, now + std::chrono::hours(1)));
}

}  // namespace
}  // namespace countersign::siem::test
