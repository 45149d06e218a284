// An event in the views that can't be read is an error for whoever reads past it: never the end of all there is.

#include "tests/adapters/http_api/served_office.h"

namespace countersign::http::test {
namespace {

class DamagedEvents : public ::testing::Test {
 protected:
  /// Puts something else in the place of an event of which its frame holds no other.
  void damage(std::uint64_t sequence) {
    office.wait_landed();
    projections::Overlay damaged;
    damaged.position = office.views.position();
    damaged.begin_frame(damaged.position.last, {});
    damaged.add_event(office.account, sequence, std::string(64, '\1'));
    office.views.land(damaged);
  }
  bool was_logged() {
    for (const auto& what : served.server.failures())
      if (what.find("can't be read") != std::string::npos) return true;
    return false;
  }

  ServedOffice served;
  operations::test::Office& office = served.office;
  const std::array<domain::UserId, 3> people{office.a_user("ada"), office.a_user("bob"), office.a_user("eve")};
  const std::uint64_t newest = served.reads.state().account(office.account)->last_sequence;
};

TEST_F(DamagedEvents, AListThatMeetsOneIsAnError) {
  ASSERT_EQ(served.ask("GET", "/v1/events").status, 200u);
  damage(newest - 1);
  EXPECT_EQ(served.ask("GET", "/v1/events").status, 500u);
  EXPECT_EQ(served.ask("GET", "/v1/events?sort=asc").status, 500u);
  EXPECT_TRUE(was_logged());
  EXPECT_EQ(served.ask("GET", "/v1/events?limit=1").status, 500u) << "whether there is more isn't known";
}

TEST_F(DamagedEvents, AStreamGivesWhatCameBeforeAndBreaksOff) {
  damage(newest);
  auto client = served.server.connect();
  client.send("GET /v1/events/stream HTTP/1.1\r\nHost: x\r\nAccept: application/x-ndjson\r\n\r\n");
  const auto answer = client.read().value();
  EXPECT_EQ(answer.status, 200u);
  EXPECT_FALSE(answer.complete);
  EXPECT_NE(answer.body.find(people[1].text()), std::string::npos) << answer.body;
  EXPECT_EQ(answer.body.find(people[2].text()), std::string::npos) << answer.body;
  EXPECT_TRUE(office.soon([&] { return was_logged(); }));
}

}  // namespace
}  // namespace countersign::http::test
