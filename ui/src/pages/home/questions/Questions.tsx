import { BusiestCard } from './busiest/BusiestCard'
import { ConsumersCard } from './consumers/ConsumersCard'
import { FailuresCard } from './failures/FailuresCard'
import { FallbackCard } from './fallback/FallbackCard'
import { HopCard } from './hop/HopCard'
import { OriginCard } from './origin/OriginCard'
import { InView } from './Question'
import { RequestsCard } from './requests/RequestsCard'
import { StatementsCard } from './statements/StatementsCard'
import { UpCard } from './up/UpCard'
import './questions.css'

// In the order in which one asks them when something may be wrong.
export function Questions() {
  return (
    <div class="questions">
      <InView title="ask.up" wide><UpCard /></InView>
      <InView title="ask.requests"><RequestsCard /></InView>
      <InView title="ask.failures"><FailuresCard /></InView>
      <InView title="ask.origin"><OriginCard /></InView>
      <InView title="ask.fallback"><FallbackCard /></InView>
      <InView title="ask.hop"><HopCard /></InView>
      <InView title="ask.busiest"><BusiestCard /></InView>
      <InView title="ask.statements"><StatementsCard /></InView>
      <InView title="ask.consumers"><ConsumersCard /></InView>
    </div>
  )
}
