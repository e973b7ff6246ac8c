export type LabelMap = Readonly<Record<string, string>>;

/**
 * The labels under which a scraped series is stored: its own and the target's. Where both have a label the target's
 * stays and the scraped one becomes `exported_<name>` (again, if that is taken too): Prometheus with
 * `honor_labels: false`, scrape/scrape.go resolveConflictingExposedLabels.
 */
export function ownLabels(scraped: readonly (readonly [string, string])[], target: LabelMap): LabelMap {
  const labels: Record<string, string> = Object.create(null) as Record<string, string>;
  const conflicts: (readonly [string, string])[] = [];
  for (const [name, value] of scraped) {
    if (Object.hasOwn(target, name)) conflicts.push([name, value]);
    else labels[name] = value;
  }
  for (const [name, value] of Object.entries(target)) labels[name] = value;
  for (const [name, value] of conflicts) {
    let free = `exported_${name}`;
    while (Object.hasOwn(labels, free)) free = `exported_${free}`;
    labels[free] = value;
  }
  return labels;
}
