#pragma once
// The challenge: what an authenticator is asked before it answers with a one-time password. Either a message brings
// that password, by SMS or e-mail, or a question goes into it (OCRA, RFC 6287). An authenticator has one at most, the
// newest; it is open until it is answered, expires, is replaced, or something else happens to the authenticator.
//
// A message's password is HOTP's of the authenticator's next counter, which is used up with it: so it stands nowhere,
// and whoever is to send the message can make it again.
//
// A message is sent once at most. challenge_sending is durable before anything leaves; what became of it comes after.
// One that is `sending` without anybody who sends it may have been delivered, or not: it is reported as undelivered.
//
//   queued      -> sending, undelivered
//   sending     -> sent, delivered, undelivered, queued (deferred: nobody has it yet)
//   sent        -> delivered, undelivered

#include <string>
#include <vector>

#include "domain/decision.h"
#include "domain/seal.h"

namespace countersign::domain {

using AuthenticatorType = fb::AuthenticatorType;
using Channel = fb::Channel;

// --- State -----------------------------------------------------------------------------------------------------------

/// Of a challenge's message. none: it has a question instead.
enum class Delivery : std::uint8_t { none, queued, sending, sent, delivered, undelivered };

struct Challenge {
  ChallengeId id;  ///< nil: there has been none
  std::uint64_t counter = 0;
  Channel channel = Channel::none;
  UnixMs issued_at = 0, expires_at = 0;
  bool open = false;  ///< unless its time is over
  Delivery delivery = Delivery::none;
  std::uint8_t attempts = 0;     ///< to deliver it, 255 at most
  Reason reason = Reason::none;  ///< why it wasn't delivered
  Seal question;

  bool is_open(UnixMs now) const { return open && now < expires_at; }
  /// What becomes of its message is not known yet.
  bool is_under_way() const { return delivery == Delivery::queued || delivery == Delivery::sending; }
  bool operator==(const Challenge&) const = default;
};

/// False: the event is about something else.
bool evolve(Challenge& challenge, const RecordedEvent& recorded);

/// How many messages a user gets, over all authenticators.
struct MessageLimits {
  UnixMs pause_ms = 30'000;   ///< between two
  std::uint32_t an_hour = 5;  ///< 0: no limit
};
inline constexpr std::uint32_t most_messages_an_hour = 20;

/// Keeps the times of a user's messages, most_messages_an_hour at most.
void note_message(std::vector<UnixMs>& messages_at, const EventView& event);
/// When the next one is due; in the past: now.
UnixMs next_message_at(const std::vector<UnixMs>& messages_at, const MessageLimits& limits, UnixMs now);

/// As the API has them: "sms", "queued" ...
std::string_view channel_text(Channel channel);
std::string_view delivery_text(Delivery delivery);

// --- Commands --------------------------------------------------------------------------------------------------------

/// By a gateway of an active authenticator, by operators also of one that is to be confirmed. What is still under way
/// of the former challenge is over. Refusals have a reason when a gateway mustn't learn more than that there is none.
struct IssueChallenge {
  UserId user;
  AuthenticatorId authenticator;
  ChallengeId id;                   ///< freshly drawn
  Channel channel = Channel::none;  ///< one that the authenticator's type carries
  Personal texts;                   ///< detail: the question
  UnixMs life_ms = 0;
  MessageLimits limits;
};
struct ChallengeIssued {
  ChallengeId id;
  AuthenticatorId authenticator;
  AuthenticatorType type = AuthenticatorType::none;
  Channel channel = Channel::none;
  UnixMs expires_at = 0;
};
Decision<ChallengeIssued> decide(const State& state, const Context& context, const IssueChallenge& command);

/// Asked before each attempt to send its message. What may not be sent any more is undelivered.
struct BeginDelivery {
  UserId user;
  AuthenticatorId authenticator;
  ChallengeId challenge;
};
struct DeliveryBegun {
  bool send = false;  ///< by whoever asked, and by nobody else
};
Decision<DeliveryBegun> decide(const State& state, const Context& context, const BeginDelivery& command);

/// What became of it: queued (to be tried again), sent, delivered or undelivered. What can't follow on what is known
/// already changes nothing.
struct EndDelivery {
  UserId user;
  AuthenticatorId authenticator;
  ChallengeId challenge;
  Delivery outcome = Delivery::undelivered;
  Reason reason = Reason::none;
};
struct DeliveryEnded {
  bool taken = false;
};
Decision<DeliveryEnded> decide(const State& state, const Context& context, const EndDelivery& command);

}  // namespace countersign::domain
