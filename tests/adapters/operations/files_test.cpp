// What a start finds in the operations' directory, and what it makes of it.

#include <fstream>

#include "tests/adapters/operations/office.h"

namespace countersign::operations::test {
namespace {

class Files : public ::testing::Test {
 protected:
  Files() { office.close(); }
  void write(const std::string& name, const std::string& text) { std::ofstream(office.files / name) << text; }
  std::string name_of(const Operation& operation) { return operation.id.text(); }
  /// A generation that waits to be run.
  Operation waiting() {
    auto operation = office.an_operation(Kind::generate_for_new_users);
    operation.accepted = true;
    EXPECT_FALSE(OperationFiles(office.files).save(operation));
    return operation;
  }
  Office office;
};

TEST_F(Files, WhatBelongsToNoOperationIsRemovedByAStart) {
  const auto orphan = office.an_operation(Kind::import_users), whole = waiting();
  write(name_of(orphan) + ".spool", "sealed");
  write(name_of(orphan) + ".json.new", "{");
  write("notes.txt", "an operator's");
  office.open();
  EXPECT_FALSE(office.has_file(name_of(orphan) + ".spool"));
  EXPECT_FALSE(office.has_file(name_of(orphan) + ".json.new"));
  EXPECT_EQ(office.ended(whole.id).status, Status::done);
  EXPECT_TRUE(office.has_file("notes.txt"));
}

TEST_F(Files, ADamagedOneIsSetAsideAndTheOthersGoOn) {
  const auto whole = waiting();
  const std::string broken[] = {"", "{\"id\": \"op_", "[]", "{\"id\": 7}"};
  std::vector<std::string> names;
  for (const auto& text : broken) {
    names.push_back(name_of(office.an_operation(Kind::import_users)));
    write(names.back() + ".json", text);
    write(names.back() + ".spool", "sealed");
  }
  office.open();
  EXPECT_EQ(office.ended(whole.id).status, Status::done);
  for (const auto& name : names) {
    EXPECT_FALSE(office.has_file(name + ".json"));
    EXPECT_TRUE(office.has_file(name + ".json.damaged"));
    EXPECT_TRUE(office.has_file(name + ".spool.damaged"));
    EXPECT_NE(office.warnings().find(name + ".json can't be read"), std::string::npos) << office.warnings();
  }
}

TEST_F(Files, AnotherOperationsFileOrAnUnknownKindIsDamaged) {
  const auto whole = waiting();
  const auto file = office.files / (name_of(whole) + ".json");
  const auto other = name_of(office.an_operation(Kind::import_users));
  std::filesystem::copy_file(file, office.files / (other + ".json"));
  const auto later = waiting();
  std::ifstream in(office.files / (name_of(later) + ".json"));
  std::string text{std::istreambuf_iterator<char>(in), {}};
  const std::string_view kind = "\"kind\":1";
  ASSERT_NE(text.find(kind), std::string::npos);
  text.replace(text.find(kind), kind.size(), "\"kind\":9");
  text.erase(0, text.find('{'));  // with the checksum it would be damaged whatever is in it
  write(name_of(later) + ".json", text);
  office.open();
  EXPECT_EQ(office.ended(whole.id).status, Status::done);
  EXPECT_TRUE(office.has_file(other + ".json.damaged"));
  EXPECT_TRUE(office.has_file(name_of(later) + ".json.damaged"));
}

TEST_F(Files, OneChangedDigitIsDamage) {
  const auto whole = waiting(), older = waiting(), changed = waiting();
  const auto text_of_file = [&](const Operation& operation) {
    std::ifstream in(office.files / (name_of(operation) + ".json"));
    return std::string{std::istreambuf_iterator<char>(in), {}};
  };
  auto text = text_of_file(changed);
  const std::string_view done = "\"done\":0";
  ASSERT_NE(text.find(done), std::string::npos);
  text.replace(text.find(done), done.size(), "\"done\":8");
  write(name_of(changed) + ".json", text);
  text = text_of_file(older);
  write(name_of(older) + ".json", text.substr(text.find('{')));  // from before there were checksums
  office.open();
  EXPECT_EQ(office.ended(whole.id).status, Status::done);
  EXPECT_EQ(office.ended(older.id).status, Status::done);
  EXPECT_TRUE(office.has_file(name_of(changed) + ".json.damaged"));
}

TEST_F(Files, WhatHasEndedIsInItsFileAndNotInMemory) {
  const auto operation = waiting();
  office.open();
  office.ended(operation.id);
  const auto file = name_of(operation) + ".json";
  ASSERT_TRUE(office.soon([&] { return OperationFiles(office.files).load(operation.id)->announced; }));
  EXPECT_EQ(office.operations->find(office.account, operation.id)->status, Status::done);
  EXPECT_FALSE(office.operations->find(domain::system_account(), operation.id)) << "another account's";
  std::filesystem::rename(office.files / file, office.files / "elsewhere");
  EXPECT_TRUE(office.soon([&] { return !office.operations->find(office.account, operation.id); }));
  write(file, "{");
  EXPECT_THROW(office.operations->find(office.account, operation.id), std::runtime_error) << "damaged is not gone";
}

TEST_F(Files, WhatEndedLongAgoGoesWhenAnotherOneEnds) {
  office.open();
  const auto ended_at = [&](domain::UnixMs time) {
    auto operation = office.an_operation(Kind::generate_for_new_users);
    operation.status = Status::done;
    operation.accepted = operation.announced = true;
    operation.finished_at = time;
    EXPECT_FALSE(OperationFiles(office.files).save(operation));
    std::filesystem::last_write_time(
        office.files / (name_of(operation) + ".json"),
        std::filesystem::file_time_type::clock::now() - std::chrono::milliseconds(office.now() - time));
    return operation;
  };
  const auto old = ended_at(office.now() - kept_ms - 60'000), recent = ended_at(office.now() - kept_ms + 60'000);
  EXPECT_FALSE(office.operations->find(office.account, old.id)) << "it is not shown until then, either";
  EXPECT_TRUE(office.operations->find(office.account, recent.id));
  office.begin(office.an_operation(Kind::generate_for_new_users));
  EXPECT_TRUE(office.soon([&] { return !office.has_file(name_of(old) + ".json"); }));
  EXPECT_TRUE(office.has_file(name_of(recent) + ".json"));
}

TEST_F(Files, WhatWasSetAsideGoesAfterAWeek) {
  write("new.json", "{");
  const OperationFiles files(office.files);
  const auto now = Office::now();
  const auto quiet = [](std::string_view) {};
  files.load_all(now, quiet);
  files.load_all(now + kept_ms - 60'000, quiet);
  EXPECT_TRUE(office.has_file("new.json.damaged"));
  files.load_all(now + kept_ms + 60'000, quiet);
  EXPECT_FALSE(office.has_file("new.json.damaged"));
}

}  // namespace
}  // namespace countersign::operations::test
