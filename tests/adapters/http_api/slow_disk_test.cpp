// A disk that is slow holds up who waits for it, and nobody else, though all share one thread.

#include "tests/adapters/http_api/served_office.h"

namespace countersign::http::test {
namespace {

class SlowDisk : public ::testing::Test {
 protected:
  static constexpr std::size_t writers = 2, most_waiting = 1;
  ~SlowDisk() override {
    office.disk->hold_syncs(false);
    hold_space(false);
  }

  TestClient creating(const std::string& name) {
    auto client = served.server.connect();
    client.send(post("/v1/users", R"({"first_name":")" + name + R"(","email":")" + name + R"(@example.com"})"));
    return client;
  }
  void expect_look_ups_are_answered() {
    const auto answer = served.ask("GET", "/v1/users/" + known.text());
    EXPECT_EQ(answer.status, 200u);
    EXPECT_NE(answer.body.find("\"ada\""), std::string::npos) << answer.body;
  }
  void hold_space(bool hold) {
    space_held = hold;
    space_held.notify_all();
  }

  std::atomic<bool> space_asked = false, space_held = false;
  ServedOffice served{1, {.threads = writers, .most_waiting = most_waiting}};
  operations::test::Office& office = served.office;
  const domain::UserId known = office.a_user("ada");
};

TEST_F(SlowDisk, AUserWhoseKeyIsNotYetStoredHoldsUpNobody) {
  office.disk->hold_syncs(true);
  auto client = creating("bob");
  ASSERT_TRUE(office.soon([&] { return office.disk->held_syncs() > 0; }));
  expect_look_ups_are_answered();
  office.disk->hold_syncs(false);
  EXPECT_EQ(client.read().value().status, 201u);
}

TEST_F(SlowDisk, AnUploadThatIsNotYetStoredHoldsUpNobody) {
  hold_space(true);
  office.before_space = [&] {
    space_asked = true;
    space_held.wait(true);
  };
  auto client = served.server.connect();
  client.send(post("/v1/users/import", "email,first_name\nbob@example.com,Bob\n", "text/csv"));
  ASSERT_TRUE(office.soon([&] { return space_asked.load(); }));
  expect_look_ups_are_answered();
  hold_space(false);
  EXPECT_EQ(client.read().value().status, 202u);
}

TEST_F(SlowDisk, SoManyWaitForItAndNoMore) {
  office.disk->hold_syncs(true);
  std::vector<TestClient> waiting;
  for (std::size_t i = 0; i < writers + most_waiting; ++i) waiting.push_back(creating("n" + std::to_string(i)));
  ASSERT_TRUE(office.soon([&] { return served.writes.disk_work() == writers + most_waiting; }));
  const auto refused = creating("last").read().value();
  EXPECT_EQ(refused.status, 503u);
  EXPECT_EQ(refused.code(), "overloaded");
  EXPECT_NE(refused.header("Retry-After"), "");
  expect_look_ups_are_answered();
  office.disk->hold_syncs(false);
  for (auto& client : waiting) EXPECT_EQ(client.read().value().status, 201u);
  EXPECT_EQ(creating("last").read().value().status, 201u);
}

}  // namespace
}  // namespace countersign::http::test
