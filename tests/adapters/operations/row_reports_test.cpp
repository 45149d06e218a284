// Reports of rows: all of them, in the order of their lines, in a file of their own; a restart takes none away.

#include "adapters/operations/row_reports.h"

#include <boost/json.hpp>
#include <fstream>
#include <functional>

#include "adapters/keys/sealed_file.h"
#include "tests/adapters/operations/office.h"

namespace countersign::operations::test {
namespace {

namespace json = boost::json;
const std::string header = "email,first_name\n";
using Lines = std::vector<std::uint64_t>;

class Rows : public ::testing::Test {
 protected:
  Rows() { office.close(); }
  /// An import of this text that waits for the next start.
  Operation waiting(const std::string& text, Operation operation) {
    auto writer = keys::SealedFileWriter::create(office.files / (operation.id.text() + ".spool"),
                                                 *office.keys->account_key(office.account));
    EXPECT_FALSE(writer->write(text));
    EXPECT_FALSE(writer->finish());
    operation.accepted = true;
    operation.content_type = "text/csv";
    EXPECT_FALSE(OperationFiles(office.files).save(operation));
    return operation;
  }
  Operation waiting(const std::string& text) { return waiting(text, office.an_operation(Kind::import_users)); }
  std::filesystem::path rows_of(const Operation& operation) {
    return OperationFiles(office.files).rows_of(operation.id);
  }
  Lines lines_of(const Operation& operation) {
    std::string text = "[";
    RowReportReader reader(rows_of(operation), operation.failed);
    while (reader.read(text, 100)) continue;
    Lines lines;
    const auto rows = json::parse(text + "]");
    for (const auto& row : rows.as_array()) lines.push_back(row.at("line").to_number<std::uint64_t>());
    return lines;
  }
  void write_rows(const Operation& operation, std::uint64_t count) {
    RowReportWriter writer(rows_of(operation), everything_fits);
    for (std::uint64_t line = 1; line <= count; ++line) writer.add({line, "", "of-a-former-run", "detail"});
    ASSERT_FALSE(writer.publish());
  }
  static bool everything_fits(std::size_t) { return true; }
  Office office;
};

TEST_F(Rows, AreInOrderHoweverGoodAndBadOnesAreMixed) {
  std::string text = header;
  Lines bad;
  auto add = [&, line = std::uint64_t{2}](bool good) mutable {
    text += (good ? "person-" + std::to_string(line) + "@example.com" : std::string("nobody")) + ",P\n";
    if (!good) bad.push_back(line);
    ++line;
  };
  for (int i = 0; i < 5; ++i) add(false);
  for (int i = 0; i < 1500; ++i) add(i % 7 != 3);
  for (int i = 0; i < 4000; ++i) add(false);  // more than are kept in memory
  for (int i = 0; i < 300; ++i) add(true);
  add(false);
  const auto import = waiting(text);
  office.open();
  const auto ended = office.ended(import.id);
  EXPECT_EQ(ended.status, Status::done);
  EXPECT_EQ(ended.failed, bad.size());
  EXPECT_EQ(ended.done + ended.failed, ended.total);
  EXPECT_EQ(lines_of(ended), bad);
  EXPECT_LT(std::filesystem::file_size(office.files / (import.id.text() + ".json")), 2048u);
}

TEST_F(Rows, WhatDecideRefusesStandsAmongThem) {
  const auto import =
      waiting("email,first_name,login_name\na@example.com,A,same\nnobody,B,\nc@example.com,C,same\nnobody,D,\n");
  office.open();
  const auto ended = office.ended(import.id);
  EXPECT_EQ(ended.created, 1u);
  EXPECT_EQ(lines_of(ended), (Lines{3, 4, 5}));
}

TEST_F(Rows, OfAFormerRunStayUntilTheNewOneIsAsFar) {
  auto running = office.an_operation(Kind::import_users);
  running.status = Status::running;
  running.total = 3000;
  running.failed = 2000;
  std::string text = header;
  for (int i = 0; i < 3000; ++i) text += "nobody,N\n";
  const auto import = waiting(text, running);
  write_rows(import, 2000);
  office.space = 0;  // so that it can't get as far
  office.open();
  ASSERT_TRUE(office.soon([&] { return !office.operations->find(office.account, import.id)->failure.empty(); }));
  const auto seen = office.operations->find(office.account, import.id);
  EXPECT_EQ(seen->failed, 2000u);
  EXPECT_EQ(lines_of(*seen).size(), 2000u);
  EXPECT_EQ(lines_of(*seen).back(), 2000u);
  office.space = std::size_t{1} << 40;
  const auto ended = office.ended(import.id);
  EXPECT_EQ(ended.failed, 3000u);
  EXPECT_EQ(lines_of(ended).size(), 3000u);
  EXPECT_EQ(lines_of(ended).back(), 3001u);
}

TEST_F(Rows, ADiskThatIsFullMakesTheOperationWait) {
  std::string text = header;
  for (int i = 0; i < 3000; ++i) text += "nobody,N\n";
  const auto import = waiting(text);
  office.space = 0;
  office.open();
  ASSERT_TRUE(office.soon([&] { return !office.operations->find(office.account, import.id)->failure.empty(); }));
  EXPECT_FALSE(office.operations->find(office.account, import.id)->ended());
  office.space = std::size_t{1} << 40;
  const auto ended = office.ended(import.id);
  EXPECT_EQ(ended.status, Status::done);
  EXPECT_EQ(ended.failure, "");
  EXPECT_EQ(lines_of(ended).size(), 3000u);
}

TEST_F(Rows, StoodInTheOperationsFileInFormerReleases) {
  auto ended = office.an_operation(Kind::import_users);
  ended.status = Status::done;
  ended.accepted = ended.announced = true;
  ended.finished_at = Office::now();
  ended.failed = 1;
  ASSERT_FALSE(OperationFiles(office.files).save(ended));
  const auto file = office.files / (ended.id.text() + ".json");
  std::ifstream in(file);
  std::string checksum;
  std::getline(in, checksum);
  auto object = json::parse(std::string{std::istreambuf_iterator<char>(in), {}}).as_object();
  object["rows"] = json::array{{{"line", 7}, {"user_id", ""}, {"code", "email-invalid"}, {"detail", "not one"}}};
  std::ofstream(file) << json::serialize(object);
  office.open();
  EXPECT_EQ(lines_of(*office.operations->find(office.account, ended.id)), Lines{7});
}

TEST_F(Rows, OfAnEndedOperationAreSetAsideWithItWhenTheyAreNotWhole) {
  const auto ended_with_rows = [&] {
    auto ended = office.an_operation(Kind::import_users);
    ended.status = Status::done;
    ended.accepted = ended.announced = true;
    ended.finished_at = Office::now();
    ended.failed = 3;
    EXPECT_FALSE(OperationFiles(office.files).save(ended));
    write_rows(ended, 3);
    return ended;
  };
  const auto change = [&](const Operation& operation, const std::function<void(std::string&)>& edit) {
    std::ifstream in(rows_of(operation));
    std::string text{std::istreambuf_iterator<char>(in), {}};
    edit(text);
    std::ofstream(rows_of(operation)) << text;
  };
  const auto whole = ended_with_rows(), flipped = ended_with_rows(), shorter = ended_with_rows(),
             without_first = ended_with_rows(), lost = ended_with_rows();
  change(flipped, [](std::string& text) { ++text[text.find("\"line\":2") + 7]; });
  change(shorter, [](std::string& text) { text.resize(text.size() / 2); });
  change(without_first, [](std::string& text) { text = text.substr(text.find('\n') + 1) + text; });
  std::filesystem::remove(rows_of(lost));
  office.open();
  EXPECT_EQ(lines_of(*office.operations->find(office.account, whole.id)), (Lines{1, 2, 3}));
  for (const auto& damaged : {flipped, shorter, without_first, lost})
    EXPECT_FALSE(office.operations->find(office.account, damaged.id));
  EXPECT_TRUE(std::filesystem::exists(office.files / (flipped.id.text() + ".rows.damaged")));
}

TEST_F(Rows, WithoutAnOperationTheyAreRemoved) {
  const auto orphan = office.an_operation(Kind::import_users);
  write_rows(orphan, 3);
  ASSERT_TRUE(std::filesystem::exists(rows_of(orphan)));
  office.open();
  EXPECT_FALSE(std::filesystem::exists(rows_of(orphan)));
}

TEST_F(Rows, ARunWithoutAnyRemovesThoseOfAFormerOne) {
  const auto operation = office.an_operation(Kind::import_users);
  write_rows(operation, 3);
  RowReportWriter writer(rows_of(operation), everything_fits);
  EXPECT_TRUE(std::filesystem::exists(rows_of(operation)));
  EXPECT_FALSE(writer.publish());
  EXPECT_FALSE(std::filesystem::exists(rows_of(operation)));
  writer.add({1, "", "later", ""});
  EXPECT_FALSE(writer.publish());
  auto shown = operation;
  shown.failed = 1;
  EXPECT_EQ(lines_of(shown), Lines{1});
}

}  // namespace
}  // namespace countersign::operations::test
