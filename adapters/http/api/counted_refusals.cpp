#include "adapters/http/api/counted_refusals.h"

#include "adapters/http/api/caller.h"
#include "adapters/queries/source_address.h"
#include "domain/record.h"

namespace countersign::http {

void count_refusal(Exchange& exchange, Reads& reads, Writes& writes, commands::RefusalLog& refusals,
                   domain::EventType type, domain::Reason reason, domain::UserId user) {
  const auto* caller = exchange.caller<Caller>();
  const auto source = queries::source_digest(reads.lookup(), exchange.request().client);
  const auto now = reads.now();
  const auto subject = reads.state().user(caller->account, user) ? domain::party(user) : domain::Party{};
  const commands::RefusalLog::Refused refused{
      caller->account, type, reason, source, exchange.request().client.to_string(), caller->actor, subject};
  if (!refusals.first(refused, now)) return;
  commands::Call call;
  call.context = writes.context_of(exchange);
  writes.submitter().submit<domain::RecordRefusals>(
      std::move(call), domain::RecordRefusals{type, reason, 1, now, subject}, [](const auto&) {});
}

}  // namespace countersign::http
