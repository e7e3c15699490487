export function formatNumber(value: number): string;
export function formatShort(value: number): string;
export function formatPercent(share: number): string;
export function formatMoney(dollars: number): string;
export function formatSpan(seconds: number): string;
export function formatTime(seconds: number): string;
export function formatDay(seconds: number): string;
export function splitsAround(most: number): number[];
