// Requests that begin operations, and their retries when nobody knew what the first one had done.

#include "tests/adapters/http_api/served_office.h"

namespace countersign::http::test {
namespace {

using operations::Status;
using Truth = operations::test::DoubtfulLog::Truth;
constexpr std::string_view people = "email,first_name\nada@example.com,Ada\n";

class OperationRequests : public ::testing::Test {
 protected:
  ServedOffice served;
  operations::test::Office& office = served.office;
};

TEST_F(OperationRequests, ADeletionInDoubtIsFinishedByItsRetry) {
  const auto user = office.a_disabled_user("gone");
  office.log.doubt_next(Truth::written);
  EXPECT_EQ(served.erase(user).code(), "outcome-unknown");
  office.log.settle_doubt();
  ASSERT_TRUE(office.soon([&] { return !served.reads.state().user(office.account, user); }));
  const auto retried = served.taken([&] { return served.erase(user); });
  EXPECT_TRUE(retried.status == 202 || retried.status == 404) << "it may have found out by itself meanwhile";
  EXPECT_TRUE(office.soon([&] { return !office.has_key(user); }));
}

TEST_F(OperationRequests, WhoIsErasedAlreadyIsAnsweredWithTheErasureThatHasNotEnded) {
  const auto user = office.a_disabled_user("gone");
  auto erasure = office.an_operation(operations::Kind::erase_user);
  erasure.user = user;
  ASSERT_FALSE(office.operations->prepare(erasure));
  ASSERT_TRUE(office.submitter.wait(office.as_admin(), domain::EraseUser{user}).ok());
  const auto answer = served.erase(user);
  EXPECT_EQ(served.operation_in(answer), erasure.id);
  EXPECT_FALSE(answer.header("Countersign-Position").empty());
  EXPECT_EQ(answer.header("Location"), "/v1/operations/" + erasure.id.text());
  EXPECT_EQ(office.ended(erasure.id).status, Status::done);
  EXPECT_FALSE(office.has_key(user));
  EXPECT_EQ(served.erase(user).status, 404u) << "nothing is left to do";
}

TEST_F(OperationRequests, ADeletionThatIsRefusedLeavesNothing) {
  EXPECT_EQ(served.erase(office.a_user("enabled")).code(), "user-not-disabled");
  EXPECT_EQ(served.erase(keys::random_id<domain::UserId>(office.now())).status, 404u);
  EXPECT_TRUE(std::filesystem::is_empty(office.files));
}

TEST_F(OperationRequests, AnImportInDoubtIsBegunByItsRetry) {
  office.log.doubt_next(Truth::written);
  EXPECT_EQ(served.import(people, "text/csv", "k").code(), "outcome-unknown");
  office.log.settle_doubt();
  const auto retried = served.taken([&] { return served.import(people, "text/csv", "k"); });
  EXPECT_EQ(retried.header("Idempotency-Replayed"), "true");
  const auto ended = office.ended(served.operation_in(retried));
  EXPECT_EQ(ended.created, 1u) << text_of(ended.status) << ", " << ended.failed << " failed, " << ended.unchanged
                               << " unchanged: " << ended.failure;
  EXPECT_EQ(served.operation_in(served.import(people, "text/csv", "k")), served.operation_in(retried));
  std::size_t left = 0;
  for ([[maybe_unused]] const auto& file : std::filesystem::directory_iterator(office.files)) ++left;
  EXPECT_EQ(left, 1u) << "what the retries prepared is withdrawn";
}

TEST_F(OperationRequests, AnImportThatNeverWasIsBegunAnewByItsRetry) {
  office.log.doubt_next(Truth::lost);
  EXPECT_EQ(served.import(people, "text/csv", "k").code(), "outcome-unknown");
  office.log.settle_doubt();
  const auto retried = served.taken([&] { return served.import(people, "text/csv", "k"); });
  EXPECT_EQ(retried.header("Idempotency-Replayed"), "");
  EXPECT_EQ(office.ended(served.operation_in(retried)).created, 1u);
}

/// An upload that has sent its first half.
TestClient half_an_upload(ServedOffice& served) {
  auto client = served.server.connect();
  const std::string half(100'000, 'x');
  client.send("POST /v1/users/import HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\nContent-Length: 200000\r\n\r\n" +
              half);
  EXPECT_TRUE(served.office.soon([&] { return !std::filesystem::is_empty(served.office.files); }));
  return client;
}

TEST_F(OperationRequests, OnlyEightUploadsAreTakenAtOnce) {
  std::vector<TestClient> uploads;
  for (int i = 0; i < 8; ++i) uploads.push_back(half_an_upload(served));
  const auto spools = [&] {
    return std::distance(std::filesystem::directory_iterator(office.files), std::filesystem::directory_iterator());
  };
  ASSERT_TRUE(office.soon([&] { return spools() == 8; }));
  const auto ninth = served.import(people);
  EXPECT_EQ(ninth.status, 503u);
  EXPECT_EQ(ninth.code(), "overloaded");
  EXPECT_NE(ninth.header("Retry-After"), "");
  uploads.pop_back();
  EXPECT_TRUE(office.soon([&] { return served.import(people).status == 202; }));
}

TEST_F(OperationRequests, AnUploadLeavesTheDisksReserveAlone) {
  office.space = people.size() - 1;
  EXPECT_EQ(served.import(people).code(), "insufficient-storage");
  office.space = people.size();
  EXPECT_EQ(served.import(people).status, 202u);
  // Its length isn't known before.
  office.space = 1000;
  const std::string piece(1 << 16, 'x');
  std::string chunked =
      "POST /v1/users/import HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 17; ++i) chunked += "10000\r\n" + piece + "\r\n";
  EXPECT_EQ(served.server.ask(chunked + "0\r\n\r\n").code(), "insufficient-storage");
}

TEST_F(OperationRequests, AnImportNeedsAKnownTypeEvenWithoutABody) {
  EXPECT_EQ(served.server.ask("POST /v1/users/import HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n").status, 415u);
  EXPECT_TRUE(std::filesystem::is_empty(office.files));
  EXPECT_EQ(served.import("", "application/x-ndjson").status, 202u) << "an export of nobody";
}

TEST_F(OperationRequests, AnUploadThatBreaksOffLeavesNoSpool) {
  half_an_upload(served).close();
  EXPECT_TRUE(office.soon([&] { return std::filesystem::is_empty(office.files); }));
}

TEST_F(OperationRequests, AnUploadThatAStopCutsOffLeavesNoSpool) {
  const auto client = half_an_upload(served);
  served.server.server().stop(std::chrono::seconds(0));
  EXPECT_TRUE(std::filesystem::is_empty(office.files));
}

}  // namespace
}  // namespace countersign::http::test
