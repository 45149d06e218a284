// People who are erased while an import is about them.

#include "adapters/operations/row_reports.h"
#include "tests/adapters/operations/office.h"

namespace countersign::operations::test {
namespace {

class ImportTest : public ::testing::Test {
 protected:
  std::string rows_of(const Operation& operation) {
    std::string rows;
    RowReportReader(office.operations->rows_of(operation.id), operation.failed).read(rows, 1 << 20);
    return rows;
  }
  std::atomic<bool> armed = false;
  Office office;
  const std::string people = "email,first_name\nada@example.com,Ada\ngone@example.com,Back\nbob@example.com,Bob\n";
};

TEST_F(ImportTest, WhoIsErasedBetweenTheMergeAndTheDecisionIsNew) {
  const auto gone = office.a_disabled_user("gone");
  const auto import = office.a_spooled_import(people, office.an_operation(Kind::import_users));
  // The clock is looked at for a row's id, when its user has been read.
  int looks = 0;
  office.on_clock = [&] {
    if (!armed || ++looks != 2) return;
    ASSERT_TRUE(office.submitter.wait(office.as_admin(), domain::EraseUser{gone}).ok());
    ASSERT_FALSE(office.keys->erase_subject(office.account, gone));
  };
  office.begin(import, [&] { armed = true; });
  const auto ended = office.ended(import.id);
  EXPECT_EQ(ended.status, Status::done) << ended.failure;
  EXPECT_EQ(ended.created, 3u);
  EXPECT_EQ(ended.failed, 0u);
}

TEST_F(ImportTest, WhoIsThereWithoutAKeyFailsAlone) {
  ASSERT_FALSE(office.keys->erase_subject(office.account, office.a_user("gone")));
  const auto import = office.a_spooled_import(people, office.an_operation(Kind::import_users));
  office.begin(import);
  const auto ended = office.ended(import.id);
  EXPECT_EQ(ended.status, Status::done) << ended.failure;
  EXPECT_EQ(ended.created, 2u);
  EXPECT_EQ(ended.failed, 1u);
  EXPECT_NE(rows_of(ended).find("\"line\":3"), std::string::npos) << rows_of(ended);
}

}  // namespace
}  // namespace countersign::operations::test
