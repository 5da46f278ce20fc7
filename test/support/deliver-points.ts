/** Between which two steps of a delivery a process can be told to end, in the order of its way. */
export const deliverPoints = ['routing', 'routed', 'held', 'sending', 'sent', 'ending', 'ended'] as const
export type DeliverPoint = (typeof deliverPoints)[number]
