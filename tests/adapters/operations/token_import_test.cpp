// Imports of hardware tokens: what becomes of good and bad rows, and of seeds whose rows come to nothing.

#include <algorithm>

#include "adapters/operations/row_reports.h"
#include "adapters/operations/run.h"
#include "adapters/operations/spooled_seeds.h"
#include "adapters/otp/seeds.h"
#include "tests/adapters/operations/office.h"

namespace countersign::operations::test {
namespace {

class TokenImportTest : public ::testing::Test {
 protected:
  using Ended = operations::Run::Ended;

  static std::string row(int number, std::string_view seed = "00112233445566778899aabbccddeeff00112233") {
    return "T" + std::to_string(number) + "," + std::string(seed) + ",hotp\n";
  }
  static std::string rows(int from, int to) {
    std::string text;
    for (int i = from; i < to; ++i) text += row(i);
    return text;
  }
  /// Accepted, and waiting for the next start.
  Operation waiting(const std::string& text, Operation operation) {
    operation.content_type = "text/csv";
    const auto key = seed_spool_key(*office.keys, office.account, operation.id);
    auto writer = keys::SealedFileWriter::create(office.operations->spool_of(operation.id), *key);
    EXPECT_FALSE(writer->write(text_in_front({})));
    EXPECT_FALSE(writer->write("serial,seed_hex,type\n" + text));
    EXPECT_FALSE(writer->finish());
    operation.accepted = true;
    EXPECT_FALSE(OperationFiles(office.files).save(operation));
    return operation;
  }
  Operation imported(const std::string& text) {
    const auto operation = waiting(text, office.an_operation(Kind::import_hardware_tokens));
    office.reopen();
    return office.ended(operation.id);
  }
  /// A run on this thread, which goes on from what a former one may have done.
  Ended run(Operation operation, const std::stop_source& stop = {}) {
    auto ports = office.ports();
    return operations::Run(*office.operations, ports, operation, stop.get_token(), true).run();
  }
  /// A run that ends between keeping its seeds and learning what became of them; nothing is decided.
  Operation broken_off(const std::string& text) {
    const auto operation = waiting(text, office.an_operation(Kind::import_hardware_tokens));
    std::stop_source stop;
    stop.request_stop();
    office.log.doubt_next(DoubtfulLog::Truth::lost);
    EXPECT_EQ(run(operation, stop), Ended::interrupted);
    office.log.settle_doubt();
    return operation;
  }
  std::string rows_of(const Operation& operation) {
    std::string text;
    RowReportReader(office.operations->rows_of(operation.id), operation.failed).read(text, 1 << 20);
    return text;
  }
  std::size_t tokens() {
    office.wait_landed();
    std::size_t count = 0;
    const auto prefix = projections::table_prefix(projections::Table::hardware_tokens, office.account);
    office.views.scan(prefix, prefix, [&](std::string_view, std::string_view) { return ++count > 0; });
    return count;
  }
  Office office;
};

TEST_F(TokenImportTest, EveryGoodRowBecomesATokenWithItsSeed) {
  const auto done = imported(rows(0, 700));
  EXPECT_EQ(done.status, Status::done) << done.failure;
  EXPECT_EQ(done.created, 700u);
  EXPECT_EQ(done.total, 700u);
  EXPECT_EQ(tokens(), 700u);
  EXPECT_EQ(office.keys->secrets()->size(), 700u);
  const auto serial = commands::digest_of_token_serial(office.lookup, office.account, "T699");
  const auto entry = office.published.reader().find(serial);
  ASSERT_TRUE(entry);
  const auto seed = otp::Seeds(*office.keys).open({office.account, {}, {entry->id}});
  EXPECT_EQ(keys::hex(**seed), "00112233445566778899aabbccddeeff00112233");
}

TEST_F(TokenImportTest, ARowThatComesAgainIsUnchangedAndOneThatContradictsIsRefused) {
  ASSERT_EQ(imported(rows(0, 10)).created, 10u);
  const auto done =
      imported(rows(0, 5) + row(5, std::string(40, 'f')) + row(10) + row(10) + row(10, std::string(40, '1')));
  EXPECT_EQ(done.created, 1u);
  EXPECT_EQ(done.unchanged, 6u);
  EXPECT_EQ(done.failed, 2u);
  EXPECT_NE(rows_of(done).find(R"("line":7)"), std::string::npos) << rows_of(done);
  EXPECT_NE(rows_of(done).find(R"("line":10)"), std::string::npos) << rows_of(done);
  EXPECT_EQ(tokens(), 11u);
  EXPECT_EQ(office.keys->secrets()->size(), 11u) << "no seed is kept that no token has";
}

TEST_F(TokenImportTest, OneThatGoesOnAfterACrashRepeatsNothing) {
  auto running = office.an_operation(Kind::import_hardware_tokens);
  running.status = Status::running;
  const auto text = rows(0, 600) + "bad,row,hotp\n";
  const auto first = waiting(text, running);
  office.reopen();
  ASSERT_EQ(office.ended(first.id).created, 600u);
  waiting(text, running);  // as if nothing had been noted of it
  office.reopen();
  const auto again = office.ended(first.id);
  EXPECT_EQ(again.created, 600u) << "answered from the records of its chunks";
  EXPECT_EQ(again.unchanged, 0u);
  EXPECT_EQ(again.failed, 1u);
  EXPECT_EQ(tokens(), 600u);
  EXPECT_EQ(office.keys->secrets()->size(), 600u);
}

TEST_F(TokenImportTest, OneThatGoesOnNamesTheSeedsThatAFormerRunKept) {
  const auto operation = broken_off(rows(0, 300));
  const auto kept = *office.keys->secrets();
  ASSERT_EQ(kept.size(), 256u) << "the first chunk's";
  EXPECT_EQ(run(operation), Ended::finished);
  EXPECT_EQ(tokens(), 300u);
  const auto secrets = *office.keys->secrets();
  EXPECT_EQ(secrets.size(), 300u);
  for (const auto& name : kept) EXPECT_NE(std::ranges::find(secrets, name), secrets.end());
}

TEST_F(TokenImportTest, SeedsThatAFormerRunKeptGoWhenAnotherImportCameFirst) {
  const auto operation = broken_off(rows(0, 300));
  EXPECT_EQ(run(waiting(rows(0, 300), office.an_operation(Kind::import_hardware_tokens))), Ended::finished);
  ASSERT_EQ(office.keys->secrets()->size(), 556u);
  EXPECT_EQ(run(operation), Ended::finished);
  EXPECT_EQ(tokens(), 300u);
  EXPECT_EQ(office.keys->secrets()->size(), 300u);
}

TEST_F(TokenImportTest, NoSeedIsLeftOfChunksThatAreRefused) {
  const auto another = commands::draw_secret(office.lookup, domain::BearerKind::api_key, 0);
  const domain::DrawnKey key{domain::ApiKeyId{keys::random_uuid(Office::now())}, another.digest};
  const domain::CreateApiKey create{key, "another", domain::Role::admin};
  ASSERT_TRUE(office.submitter.wait(office.as_admin(), create).ok());
  bool revoked = false;
  // The clock is looked at when a chunk is settled.
  office.on_clock = [&] {
    if (std::exchange(revoked, true)) return;
    const auto done = office.submitter.wait(office.as_admin(), domain::RevokeApiKey{office.admin_key});
    EXPECT_TRUE(done.ok());
  };
  EXPECT_THROW(run(waiting(rows(0, 3'000), office.an_operation(Kind::import_hardware_tokens))), std::runtime_error);
  office.on_clock = {};
  EXPECT_GE(tokens(), 256u);
  EXPECT_LT(tokens(), 3'000u);
  EXPECT_EQ(office.keys->secrets()->size(), tokens());
}

TEST_F(TokenImportTest, AKeyStoreThatFailsForAWhileMakesItWait) {
  const auto operation = waiting(rows(0, 600), office.an_operation(Kind::import_hardware_tokens));
  office.disk->set_full(true);
  office.reopen();
  ASSERT_TRUE(office.soon([&] { return !office.operations->find(office.account, operation.id)->failure.empty(); }));
  EXPECT_EQ(office.operations->find(office.account, operation.id)->status, Status::running);
  EXPECT_TRUE(office.has_file(operation.id.text() + ".spool"));
  office.disk->set_full(false);
  const auto ended = office.ended(operation.id);
  EXPECT_EQ(ended.status, Status::done) << ended.failure;
  EXPECT_EQ(ended.created, 600u);
  EXPECT_EQ(office.keys->secrets()->size(), 600u);
}

TEST_F(TokenImportTest, AStopEndsItAfterTheChunksThatAreOnTheirWay) {
  const auto operation = waiting(rows(0, 3'000), office.an_operation(Kind::import_hardware_tokens));
  std::stop_source stop;
  office.on_clock = [&] { stop.request_stop(); };
  EXPECT_EQ(run(operation, stop), Ended::interrupted);
  office.on_clock = {};
  EXPECT_LE(tokens(), 5 * 256u);
  EXPECT_EQ(run(operation), Ended::finished);
  EXPECT_EQ(tokens(), 3'000u);
  EXPECT_EQ(office.keys->secrets()->size(), 3'000u);
}

TEST_F(TokenImportTest, AFileThatIsNoneFailsAsAWhole) {
  auto operation = office.an_operation(Kind::import_hardware_tokens);
  operation.content_type = "text/csv";
  const auto key = seed_spool_key(*office.keys, office.account, operation.id);
  auto writer = keys::SealedFileWriter::create(office.operations->spool_of(operation.id), *key);
  EXPECT_FALSE(writer->write(text_in_front({}) + "nonsense\n1\n"));
  EXPECT_FALSE(writer->finish());
  office.begin(operation);
  const auto ended = office.ended(operation.id);
  EXPECT_EQ(ended.status, Status::failed);
  EXPECT_NE(ended.failure.find("header-column-missing"), std::string::npos) << ended.failure;
  EXPECT_FALSE(office.has_file(operation.id.text() + ".spool"));
}

TEST_F(TokenImportTest, WhatOpensTheFileIsNoPartOfIt) {
  const auto id = office.an_operation(Kind::import_hardware_tokens).id;
  const auto key = seed_spool_key(*office.keys, office.account, id);
  ASSERT_TRUE(key);
  EXPECT_NE(key->view(), office.keys->account_key(office.account)->view()) << "an auditor may have that";
  const auto file = office.scratch / "spool";
  auto writer = keys::SealedFileWriter::create(file, *key);
  EXPECT_FALSE(
      writer->write(text_in_front(seed_files::Passphrase{keys::SecretBytes(std::string_view("a passphrase"))})));
  EXPECT_FALSE(writer->write("serial,seed_hex\n" + row(1)));
  EXPECT_FALSE(writer->finish());
  int seen = 0;
  SpooledSeeds spooled(file, *key, "text/csv");
  EXPECT_FALSE(spooled.each([&](seed_files::SeedRow&) { return ++seen < 1; }));
  EXPECT_EQ(seen, 1);
}

}  // namespace
}  // namespace countersign::operations::test
