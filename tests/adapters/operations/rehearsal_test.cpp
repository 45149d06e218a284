// A dry run says exactly what the import would say, and writes nothing.

#include "adapters/keys/sealed_file.h"
#include "adapters/operations/row_reports.h"
#include "tests/adapters/operations/office.h"

namespace countersign::operations::test {
namespace {

class DryRun : public ::testing::Test {
 protected:
  Operation imported(const std::string& text, bool dry_run) {
    auto import = office.an_operation(Kind::import_users);
    import.content_type = "text/csv";
    import.dry_run = dry_run;
    auto writer = keys::SealedFileWriter::create(office.operations->spool_of(import.id),
                                                 *office.keys->account_key(office.account));
    EXPECT_FALSE(writer->write(text));
    EXPECT_FALSE(writer->finish());
    EXPECT_FALSE(office.operations->prepare(import));
    EXPECT_TRUE(office.submit_start(import).ok());
    office.operations->begin(import.id);
    return office.ended(import.id);
  }
  std::string said(const Operation& import) {
    std::string text = "created " + std::to_string(import.created) + ", updated " + std::to_string(import.updated) +
                       ", unchanged " + std::to_string(import.unchanged) + ", done " + std::to_string(import.done) +
                       " of " + std::to_string(import.total.value_or(0)) + ", failed " + std::to_string(import.failed);
    text += "\n";
    RowReportReader(office.operations->rows_of(import.id), import.failed).read(text, std::string::npos / 2);
    return text;
  }
  std::uint64_t users() {
    office.wait_landed();
    std::uint64_t found = 0;
    const auto prefix = projections::table_prefix(projections::Table::users, office.account);
    office.views.scan(prefix, prefix, [&](std::string_view, std::string_view) { return ++found > 0; });
    return found;
  }
  void expect_same(const std::string& text) {
    const auto before = users();
    const auto dry = imported(text, true);
    EXPECT_EQ(users(), before) << "nothing was written";
    EXPECT_EQ(said(dry), said(imported(text, false)));
  }
  Office office;
};

const std::string header = "email,first_name,last_name,login_name,department\n";

TEST_F(DryRun, NewKnownAndUnchangedPeople) {
  expect_same(header + "a@example.com,A,A,,\nb@example.com,B,B,,\n");
  expect_same(header + "a@example.com,A,A,,\nb@example.com,B,Changed,,\nc@example.com,C,C,,\nnobody,D,D,,\n");
}

TEST_F(DryRun, PeopleWhoStandTwice) {
  std::string far;
  for (int i = 0; i < 600; ++i) far += "far-" + std::to_string(i) + "@example.com,F,F,,\n";
  expect_same(header + "a@example.com,A,A,,Sales\na@example.com,A,A,,\na@example.com,A,B,,\n" + far +
              "a@example.com,A,B,,Sales\na@example.com,A,C,,\n");
}

TEST_F(DryRun, LoginNamesThatAreTakenAndGivenBack) {
  expect_same(header + "a@example.com,A,A,first,\nb@example.com,B,B,second,\n");
  std::string far;
  for (int i = 0; i < 600; ++i) far += "far-" + std::to_string(i) + "@example.com,F,F,far-" + std::to_string(i) + ",\n";
  expect_same(header + "c@example.com,C,C,first,\nd@example.com,D,D,new,\n" + far +
              "e@example.com,E,E,new,\na@example.com,A,A,other,\nf@example.com,F,F,first,\ng@example.com,G,G,far-7,\n");
}

TEST_F(DryRun, AFileThatIsRefusedAsAWhole) {
  const auto text = "nothing,that,is,known\n1,2,3,4\n";
  const auto dry = imported(text, true), real = imported(text, false);
  EXPECT_EQ(dry.status, Status::failed);
  EXPECT_EQ(dry.failure, real.failure);
}

}  // namespace
}  // namespace countersign::operations::test
