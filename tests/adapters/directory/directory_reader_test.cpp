#include "adapters/directory/directory_reader.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace countersign::directory {
namespace {

struct Outcome {
  std::vector<DirectoryRecord> records;
  std::optional<RecordError> failure;
  std::vector<std::string> ignored;
};

Outcome read(DirectoryReader& reader, std::string_view bytes, std::size_t piece) {
  Outcome outcome;
  const auto take_all = [&] {
    while (auto record = reader.next()) outcome.records.push_back(std::move(*record));
  };
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    reader.feed(bytes.substr(at, piece));
    take_all();
  }
  reader.finish();
  take_all();
  outcome.failure = reader.failure();
  outcome.ignored = reader.ignored();
  return outcome;
}

/// "line code" or "line first|last|email|login|department|mobile" for each record.
std::vector<std::string> shown(const Outcome& outcome) {
  std::vector<std::string> lines;
  for (const auto& record : outcome.records) {
    std::string text = std::to_string(record.line) + " ";
    if (const auto* error = std::get_if<RecordError>(&record.outcome)) {
      text += error->code;
    } else {
      const auto& p = std::get<Person>(record.outcome);
      text +=
          p.first_name + "|" + p.last_name + "|" + p.email + "|" + p.login_name + "|" + p.department + "|" + p.mobile;
    }
    lines.push_back(text);
  }
  return lines;
}

using Lines = std::vector<std::string>;

Outcome read_csv(std::string_view bytes, std::size_t piece = 1 << 20) {
  return read(*make_csv_reader(), bytes, piece);
}
Outcome read_ndjson(std::string_view bytes, std::size_t piece = 1 << 20) {
  return read(*make_ndjson_reader(), bytes, piece);
}

const std::string header = "First name,Last name,Email,Department,Mobile\r\n";

// A small dirty export: every kind of record that the reader knows, good and bad.
const std::string dirty = "\xef\xbb\xbf" + header +
                          "Ann,Lee,  ANN@Example.com ,Sales,+41 1\r\n"             // 2
                          "\r\n"                                                   // 3: blank
                          "\"Ann\nMarie\",Lee,am@bücher.example,,\r\n"             // 4 and 5
                          "Bo,\"Li, Jr\",bo@example.com,\"IT \"\"core\"\"\",\r\n"  // 6
                          "   \r\n"                                                // 7: blank
                          "Only,Two\r\n"                                           // 8
                          "A,B,c@example.com,D,E,F\r\n"                            // 9
                          "A,B,,D,E\r\n"                                           // 10
                          "A,B,nobody,D,E\r\n"                                     // 11
                          ",,n@example.com,D,E\r\n"                                // 12
                          "A\x01,B,c@example.com,D,E\r\n"                          // 13
                          "A\xff,B,c@example.com,D,E\r\n"                          // 14
                          "\"A\"x,B,c@example.com,D,E\r\n"                         // 15
                          "=1+1,@B,f@example.com,D,E\r\n"                          // 16
                          "A\xc2\x85,B,c@example.com,D,E\r\n"                      // 17
                          "Last,Line,last@example.com,,";                          // 18, without newline

const Lines expected = {"2 Ann|Lee|ann@example.com||Sales|+41 1",
                        "4 Ann Marie|Lee|am@xn--bcher-kva.example|||",
                        "6 Bo|Li, Jr|bo@example.com||IT \"core\"|",
                        "8 columns-missing",
                        "9 columns-surplus",
                        "10 email-missing",
                        "11 email-invalid",
                        "12 name-missing",
                        "13 control-character",
                        "14 not-utf-8",
                        "15 quotes-malformed",
                        "16 =1+1|@B|f@example.com||D|E",
                        "17 control-character",
                        "18 Last|Line|last@example.com|||"};

TEST(DirectoryCsv, ReportsEveryRecordWithItsLine) {
  EXPECT_EQ(shown(read_csv(dirty)), expected);
}

TEST(DirectoryCsv, GivesTheSameHoweverTheBytesArrive) {
  for (const std::size_t piece : {1, 2, 3, 7, 64}) EXPECT_EQ(shown(read_csv(dirty, piece)), expected) << piece;
}

TEST(DirectoryCsv, ReadsSemicolonsAndBareNewlines) {
  std::string other = dirty;
  std::erase(other, '\r');
  std::string semicolons = "EMAIL;first_name;LAST NAME;Login Name\nx@example.com;A,B;C;  xx \n";
  EXPECT_EQ(shown(read_csv(other)), expected);
  EXPECT_EQ(shown(read_csv(semicolons)), (Lines{"2 A,B|C|x@example.com|xx||"}));
}

TEST(DirectoryCsv, NamesColumnsThatItIgnores) {
  const auto outcome = read_csv("Email,First name,Cost centre,Shoe size\nx@example.com,A,1,2\n");
  EXPECT_EQ(outcome.ignored, (Lines{"Cost centre", "Shoe size"}));
  EXPECT_EQ(outcome.records.size(), 1u);
}

TEST(DirectoryCsv, RefusesFilesWhoseHeaderItCanNotUse) {
  const std::pair<std::string, std::string> rows[] = {
      {"", "header-missing"},
      {"\r\n\r\n", "header-missing"},
      {"Name,Phone\nx,y\n", "header-column-missing"},
      {"Email\nx@example.com\n", "header-column-missing"},
      {"Email,First name,E-Mail,e_mail,email\n", "header-column-twice"},
      {"Email,First \xff name\n", "header-malformed"},
      {"Email,\"First name\n", "header-malformed"},
  };
  for (const auto& [bytes, code] : rows) {
    const auto outcome = read_csv(bytes);
    ASSERT_TRUE(outcome.failure) << bytes;
    EXPECT_EQ(outcome.failure->code, code) << bytes;
    EXPECT_TRUE(outcome.records.empty());
  }
}

TEST(DirectoryCsv, ARecordThatIsTooLongDoesNotStopTheOthers) {
  const std::string bytes =
      header + "\"" + std::string(200'000, 'x') + "\n\",B,c@example.com,,\r\nA,B,d@example.com,,\r\n";
  for (const std::size_t piece : {1u << 20, 1000u}) {
    EXPECT_EQ(shown(read_csv(bytes, piece)), (Lines{"2 record-too-long", "4 A|B|d@example.com|||"}));
  }
}

TEST(DirectoryCsv, AQuoteThatIsNeverClosedIsReportedWhereItOpens) {
  EXPECT_EQ(shown(read_csv(header + "A,B,c@example.com,,\r\n\"A,B,d@example.com,,\r\nA,B,e@example.com,,\r\n")),
            (Lines{"2 A|B|c@example.com|||", "3 quotes-malformed"}));
}

TEST(DirectoryCsv, NamesAreCountedInCharacters) {
  std::string name200, name201;
  for (int i = 0; i < 200; ++i) name200 += "é";
  name201 = name200 + "x";
  EXPECT_EQ(shown(read_csv(header + name200 + ",B,c@example.com,,\n" + name201 + ",B,c@example.com,,\n")),
            (Lines{"2 " + name200 + "|B|c@example.com|||", "3 name-too-long"}));
}

TEST(DirectoryNdjson, TheLimitsAreThoseOfUsersWhoAreMadeOneByOne) {
  const auto row = [](const char* field, std::size_t length) {
    return R"({"last_name":"B","email":"b@example.com",")" + std::string(field) + "\":\"" + std::string(length, 'x') +
           "\"}\n";
  };
  const auto outcome = [&](const char* field, std::size_t length) {
    return shown(read_ndjson(row(field, length))).at(0);
  };
  EXPECT_EQ(outcome("login_name", 129), "1 login-name-too-long");
  EXPECT_NE(outcome("login_name", 128), "1 login-name-too-long");
  EXPECT_EQ(outcome("department", 1025), "1 attribute-too-long");
  EXPECT_NE(outcome("mobile", 1024), "1 attribute-too-long");
}

TEST(DirectoryNdjson, ReadsOneObjectALine) {
  const std::string bytes =
      R"({"first_name":"Ann","last_name":"Lee","email":"ANN@example.com","shoe_size":3,"department":null})"
      "\n\n"
      R"({"email":"x@example.com"})"
      "\n[1]\nnot json\n"
      R"({"email":7})"
      "\n\xff\n"
      R"({"firstName":"\u0001","email":"x@example.com"})"
      "\n"
      R"({"firstName":"Last","email":"last@example.com"})";
  const Lines wanted = {"1 Ann|Lee|ann@example.com|||",
                        "3 name-missing",
                        "4 json-malformed",
                        "5 json-malformed",
                        "6 json-type",
                        "7 not-utf-8",
                        "8 control-character",
                        "9 Last||last@example.com|||"};
  for (const std::size_t piece : {1000, 1, 5}) {
    const auto outcome = read_ndjson(bytes, piece);
    EXPECT_EQ(shown(outcome), wanted);
    EXPECT_EQ(outcome.ignored, Lines{"shoe_size"});
  }
}

TEST(DirectoryNdjson, ALineThatIsTooLongDoesNotStopTheOthers) {
  const std::string bytes =
      "{\"email\":\"" + std::string(200'000, 'x') + "\"}\n{\"first_name\":\"A\",\"email\":\"x@example.com\"}\n";
  for (const std::size_t piece : {1u << 20, 1000u}) {
    EXPECT_EQ(shown(read_ndjson(bytes, piece)), (Lines{"1 record-too-long", "2 A||x@example.com|||"}));
  }
}

TEST(DirectoryReader, IsChosenByMediaType) {
  EXPECT_TRUE(make_reader_for("text/csv"));
  EXPECT_TRUE(make_reader_for("Text/CSV; charset=utf-8"));
  EXPECT_TRUE(make_reader_for("application/x-ndjson"));
  EXPECT_FALSE(make_reader_for("application/json"));
  EXPECT_FALSE(make_reader_for(""));
}

}  // namespace
}  // namespace countersign::directory
