// The outbox with everything real but the transports: each message once at most, over failures, crashes and changes of
// the owner.

#include "adapters/outbox/outbox.h"

#include <gtest/gtest.h>

#include <deque>

#include "adapters/otp/otp.h"
#include "adapters/outbox/address_of.h"
#include "tests/adapters/operations/office.h"

namespace countersign::outbox::test {
namespace {

using domain::Channel;
using domain::Delivery;
using domain::Reason;
using messages::Accepted;
using messages::Later;
using messages::Message;
using messages::Refused;
using messages::Result;
using messages::Unknown;

/// Answers as it is told, one answer after another, and with Accepted from then on.
struct Script {
  using Answer = std::function<Result(const Message&, std::stop_token)>;
  void then(Answer answer) {
    const std::lock_guard lock(mutex);
    answers.push_back(std::move(answer));
  }
  void then(const Result& result) {
    then([result](const Message&, const std::stop_token&) { return result; });
  }
  std::vector<Message> sent() const {
    const std::lock_guard lock(mutex);
    return messages;
  }
  mutable std::mutex mutex;
  std::deque<Answer> answers;
  std::vector<Message> messages;
};

class Scripted : public messages::Transport {
 public:
  explicit Scripted(std::shared_ptr<Script> script) : script_(std::move(script)) {}
  Result send(const Message& message, std::stop_token stop) override {
    Script::Answer answer;
    {
      const std::lock_guard lock(script_->mutex);
      script_->messages.push_back(message);
      if (script_->answers.empty()) return Accepted{};
      answer = std::move(script_->answers.front());
      script_->answers.pop_front();
    }
    return answer(message, std::move(stop));
  }

 private:
  const std::shared_ptr<Script> script_;
};

/// Until it is told to go on, or to stop.
Script::Answer hanging(const std::shared_ptr<std::atomic<bool>>& go_on) {
  return [go_on](const Message&, const std::stop_token& stop) -> Result {
    while (!*go_on && !stop.stop_requested()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return *go_on ? Result{Accepted{}} : Result{Unknown{"it was cut off"}};
  };
}

class Messages : public ::testing::Test {
 protected:
  std::unique_ptr<Outbox> an_outbox() {
    OutboxPorts ports{office.views,
                      office.submitter,
                      {.state = office.published,
                       .opener = office.opener,
                       .seeds = otp::Seeds(*office.keys),
                       .clock = &operations::test::Office::now},
                      [](std::string_view) {}};
    auto made = std::make_unique<Outbox>(
        std::move(ports), Transports{std::make_unique<Scripted>(sms), std::make_unique<Scripted>(email)},
        OutboxOptions{.back_off = {.first = std::chrono::milliseconds(2), .longest = std::chrono::milliseconds(8)},
                      .look_every = std::chrono::milliseconds(10),
                      .stop_patience = std::chrono::milliseconds(20)});
    made->start();
    return made;
  }
  template <class Command>
  auto run(Command command, domain::Role role = domain::Role::admin) {
    auto call = office.as_admin();
    call.context.role = role;
    const auto outcome = office.submitter.wait(call, std::move(command));
    EXPECT_TRUE(outcome.ok()) << (outcome.refusal ? outcome.refusal->detail : outcome.settlement.error.message());
    return *outcome.result;
  }
  struct Asked {
    DeliveryReference reference;
    domain::UserId user;
    Channel channel;
  };
  /// A message that nobody has been told of.
  Asked ask(const std::string& name, Channel channel = Channel::sms, domain::UnixMs life_ms = 300'000) {
    const auto user = office.a_user(name);
    domain::EnrolAuthenticator enrol{user, keys::random_id<domain::AuthenticatorId>(office.now())};
    enrol.settings.type = domain::AuthenticatorType::virtual_;
    enrol.settings.texts.phone = "+4915112345678";
    enrol.settings.texts.email = name + "@example.com";
    EXPECT_FALSE(otp::Seeds(*office.keys).keep({office.account, user, enrol.id}, seed));
    run(enrol);
    domain::IssueChallenge issue{user, enrol.id, keys::random_id<domain::ChallengeId>(office.now()), channel};
    issue.life_ms = life_ms;
    run(issue);
    return {{office.account, enrol.id, issue.id}, user, channel};
  }
  void queue(Outbox& outbox, const Asked& asked) { outbox.queue(asked.reference, asked.user, asked.channel); }
  domain::Challenge challenge(const Asked& asked) {
    return office.published.reader()
        .user(office.account, asked.user)
        ->authenticator(asked.reference.authenticator)
        ->challenge;
  }
  bool becomes(const Asked& asked, Delivery delivery) {
    return office.soon([&] { return challenge(asked).delivery == delivery; });
  }

  const std::string seed = "12345678901234567890";
  const std::shared_ptr<Script> sms = std::make_shared<Script>(), email = std::make_shared<Script>();
  const std::shared_ptr<std::atomic<bool>> go_on = std::make_shared<std::atomic<bool>>(false);
  operations::test::Office office;
};

TEST_F(Messages, HaveThePasswordOfTheirChallengesCounter) {
  const auto outbox = an_outbox();
  const auto asked = ask("ada", Channel::email);
  queue(*outbox, asked);
  ASSERT_TRUE(becomes(asked, Delivery::sent));
  const auto sent = email->sent();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].to, "ada@example.com");
  EXPECT_EQ(parse_reference(sent[0].id), asked.reference);
  EXPECT_NE(sent[0].text.find(otp::hotp(seed, 0, {})), std::string::npos) << sent[0].text;
  EXPECT_EQ(sent[0].subject.find(otp::hotp(seed, 0, {})), std::string::npos);
  EXPECT_NE(sent[0].text.find("Example"), std::string::npos) << "for which account";
  EXPECT_TRUE(flaw_in(sent[0]).empty());
  EXPECT_TRUE(sms->sent().empty());
  EXPECT_EQ(outbox->counts(Channel::email).sent, 1u);
}

TEST_F(Messages, AreKnownToBeSentBeforeTheyLeave) {
  Asked asked;
  std::atomic<bool> told = false;
  Delivery when_sent = Delivery::none;
  sms->then([&](const Message&, const std::stop_token&) -> Result {
    operations::test::Office::soon([&] { return told.load(); });
    when_sent = challenge(asked).delivery;
    return Accepted{};
  });
  const auto outbox = an_outbox();
  asked = ask("ada");
  told = true;
  queue(*outbox, asked);
  ASSERT_TRUE(becomes(asked, Delivery::sent));
  EXPECT_EQ(when_sent, Delivery::sending);
}

TEST_F(Messages, AreTriedAgainAsLongAsNobodyHasThem) {
  sms->then(Later{"down", {}});
  sms->then(Later{"down", {}});
  const auto outbox = an_outbox();
  const auto asked = ask("ada");
  queue(*outbox, asked);
  ASSERT_TRUE(becomes(asked, Delivery::sent));
  EXPECT_EQ(challenge(asked).attempts, 3);
  EXPECT_EQ(sms->sent().size(), 3u);
  EXPECT_EQ(outbox->counts(Channel::sms).deferred, 2u);
}

TEST_F(Messages, ThatMayHaveArrivedOrAreRefusedAreNotSentAgain) {
  sms->then(Unknown{"no answer"});
  const auto outbox = an_outbox();
  const auto first = ask("ada");
  queue(*outbox, first);
  ASSERT_TRUE(becomes(first, Delivery::undelivered));
  EXPECT_EQ(challenge(first).reason, Reason::delivery_unknown);
  sms->then(Refused{"no such number"});
  const auto second = ask("bob");
  queue(*outbox, second);
  ASSERT_TRUE(becomes(second, Delivery::undelivered));
  EXPECT_EQ(challenge(second).reason, Reason::delivery_refused);
  EXPECT_EQ(sms->sent().size(), 2u);
  EXPECT_EQ(outbox->counts(Channel::sms).undelivered, 2u);
}

TEST_F(Messages, WhoseTransportThrowsAreEitherTriedAgainOrUnknown) {
  const auto outbox = an_outbox();
  sms->then([](const Message&, const std::stop_token&) -> Result {
    throw std::system_error(std::make_error_code(std::errc::too_many_files_open));  // of a socket
  });
  const auto again = ask("ada");
  queue(*outbox, again);
  EXPECT_TRUE(becomes(again, Delivery::sent));
  sms->then([](const Message&, const std::stop_token&) -> Result { throw std::logic_error("nobody knows"); });
  const auto unknown = ask("bob");
  queue(*outbox, unknown);
  EXPECT_TRUE(becomes(unknown, Delivery::undelivered));
  EXPECT_EQ(challenge(unknown).reason, Reason::delivery_unknown);
  const auto next = ask("eve");
  queue(*outbox, next);
  EXPECT_TRUE(becomes(next, Delivery::sent));
}

TEST_F(Messages, AreReportedOnceTheirTimeIsOver) {
  for (int i = 0; i < 1'000; ++i) sms->then(Later{"down", {}});
  const auto outbox = an_outbox();
  const auto asked = ask("ada", Channel::sms, 300);
  queue(*outbox, asked);
  ASSERT_TRUE(becomes(asked, Delivery::undelivered));
  EXPECT_EQ(challenge(asked).reason, Reason::delivery_exhausted);
}

TEST_F(Messages, ThatAFormerRunLeftAreSent) {
  const auto asked = ask("ada");
  const auto outbox = an_outbox();
  ASSERT_TRUE(becomes(asked, Delivery::sent));
  EXPECT_EQ(sms->sent().size(), 1u);
}

TEST_F(Messages, ThatAFormerRunWasSendingAreNeverSentAgain) {
  const auto asked = ask("ada");
  ASSERT_TRUE(run(domain::BeginDelivery{asked.user, asked.reference.authenticator, asked.reference.challenge}).send);
  const auto outbox = an_outbox();
  ASSERT_TRUE(becomes(asked, Delivery::undelivered));
  EXPECT_EQ(challenge(asked).reason, Reason::delivery_unknown);
  EXPECT_TRUE(sms->sent().empty());
}

TEST_F(Messages, ThatTheFormerOwnerIsSendingAreUnknownWhateverHeSays) {
  sms->then(hanging(go_on));
  const auto former = an_outbox();
  const auto asked = ask("ada");
  queue(*former, asked);
  ASSERT_TRUE(office.soon([&] { return sms->sent().size() == 1; }));
  const auto owner = an_outbox();
  ASSERT_TRUE(becomes(asked, Delivery::undelivered));
  *go_on = true;
  former->stop();
  EXPECT_EQ(challenge(asked).delivery, Delivery::undelivered);
  EXPECT_EQ(challenge(asked).reason, Reason::delivery_unknown);
  EXPECT_EQ(former->counts(Channel::sms).sent, 0u);
  EXPECT_EQ(sms->sent().size(), 1u);
}

TEST_F(Messages, AreSentOnceHoweverOftenTheyAreQueuedAndFound) {
  const auto outbox = an_outbox();
  std::vector<Asked> all;
  for (int i = 0; i < 20; ++i) {
    all.push_back(ask("person" + std::to_string(i)));
    for (int again = 0; again < 3; ++again) queue(*outbox, all.back());
  }
  for (const auto& asked : all) EXPECT_TRUE(becomes(asked, Delivery::sent));
  EXPECT_EQ(sms->sent().size(), all.size());
}

TEST_F(Messages, OfOneChannelDoNotWaitForTheOther) {
  for (int i = 0; i < 4; ++i) email->then(hanging(go_on));
  const auto outbox = an_outbox();
  std::vector<Asked> hang;
  hang.reserve(4);
  for (int i = 0; i < 4; ++i) hang.push_back(ask("hangs" + std::to_string(i), Channel::email));
  for (const auto& asked : hang) queue(*outbox, asked);
  ASSERT_TRUE(office.soon([&] { return email->sent().size() == 4; }));
  const auto asked = ask("ada", Channel::sms);
  queue(*outbox, asked);
  EXPECT_TRUE(becomes(asked, Delivery::sent));
  *go_on = true;
  for (const auto& each : hang) EXPECT_TRUE(becomes(each, Delivery::sent));
}

TEST_F(Messages, ThatHangWhenTheServerStopsAreUnknown) {
  sms->then(hanging(go_on));
  const auto outbox = an_outbox();
  const auto asked = ask("ada");
  queue(*outbox, asked);
  ASSERT_TRUE(office.soon([&] { return sms->sent().size() == 1; }));
  outbox->stop();
  EXPECT_EQ(challenge(asked).delivery, Delivery::undelivered);
  EXPECT_EQ(challenge(asked).reason, Reason::delivery_unknown);
}

TEST_F(Messages, WithoutASeedAreRefused) {
  const auto asked = ask("ada");
  ASSERT_FALSE(otp::Seeds(*office.keys).destroy(office.account, asked.reference.authenticator));
  const auto outbox = an_outbox();
  ASSERT_TRUE(becomes(asked, Delivery::undelivered));
  EXPECT_EQ(challenge(asked).reason, Reason::delivery_refused);
  EXPECT_TRUE(sms->sent().empty());
}

TEST(Addresses, AreShownInPart) {
  EXPECT_EQ(masked_address("ada@example.com"), "a***@example.com");
  EXPECT_EQ(masked_address("lovelace@example.com"), "lo***@example.com");
  EXPECT_EQ(masked_address("a@example.com"), "***@example.com");
  EXPECT_EQ(masked_address("\xc3\xa4rger@example.com"), "***@example.com");
  EXPECT_EQ(masked_address("nothing"), "***");
}

TEST(References, AreFoundInWhateverRepeatsThem) {
  const DeliveryReference reference{
      domain::AccountId{keys::random_uuid(1)}, {keys::random_uuid(2)}, {keys::random_uuid(3)}};
  const auto text = text_of(reference);
  EXPECT_LE(text.size(), messages::most_id_bytes);
  EXPECT_EQ(parse_reference(text), reference);
  EXPECT_EQ(find_reference("?type=1&account=acc_&reference=" + text + "&x"), reference);
  EXPECT_FALSE(find_reference(text.substr(0, text.size() - 1)));
  EXPECT_FALSE(parse_reference(text + "x"));
  EXPECT_FALSE(parse_reference(""));
}

}  // namespace
}  // namespace countersign::outbox::test
