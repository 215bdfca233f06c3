"""The HTML page's style, light and dark, and the script that displays the values under the pointer."""

STYLE = """
:root{--ink:#1d2330;--soft:#667085;--faint:#e4e7ec;--paper:#fff;--back:#f6f7f9;--good:#1a7f4b;--bad:#c0352b;
--c1:#2f6fde;--c2:#1a9d63;--c3:#e07b22;--c4:#c0352b;--c5:#8e3fb0;--c0:#98a2b3}
@media (prefers-color-scheme:dark){:root{--ink:#e7eaf0;--soft:#9aa4b5;--faint:#2b3240;--paper:#171c26;--back:#0f131a;
--good:#4cc38a;--bad:#ff7a6e;--c1:#6ea1ff;--c2:#4cc38a;--c3:#ffab5e;--c4:#ff7a6e;--c5:#c98bea;--c0:#667085}}
*{box-sizing:border-box}
body{margin:0;background:var(--back);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:860px;margin:0 auto;padding:32px 20px 64px}
h1{margin:0;font-size:26px}h2{margin:0 0 8px;font-size:16px}h2 small{font-weight:400;color:var(--soft);font-size:13px}
header p{margin:2px 0 0;color:var(--soft)}
section{margin-top:20px;padding:18px 20px;background:var(--paper);border:1px solid var(--faint);border-radius:10px}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(170px,1fr));gap:1px;padding:0;overflow:hidden;
background:var(--faint)}
.tile{padding:14px 18px;background:var(--paper)}.tile span,.tile small{display:block;color:var(--soft);font-size:12.5px}
.tile b{font-size:22px;font-variant-numeric:tabular-nums}.tile.bad b,.bad>td:first-child{color:var(--bad)}
.good>td:first-child{color:var(--good)}
.verdict{list-style:none;margin:14px 0 0;padding:0}.verdict li{padding:6px 12px;margin-top:6px;border-left:4px solid}
.verdict .good{border-color:var(--good)}.verdict .bad{border-color:var(--bad)}
.legend{display:flex;flex-wrap:wrap;gap:4px 18px;list-style:none;margin:0 0 4px;padding:0;
color:var(--soft);font-size:13px}
.key{display:inline-block;width:18px;height:3px;margin-right:6px;vertical-align:middle;background:currentColor}
svg{display:block;width:100%;height:auto;overflow:visible}
.grid{stroke:var(--faint)}.cursor{stroke:var(--soft);stroke-dasharray:3 3;visibility:hidden}
.tick{fill:var(--soft);font-size:12px;font-variant-numeric:tabular-nums}.end{text-anchor:end}.middle{text-anchor:middle}
.line{fill:none;stroke:currentColor;stroke-width:2;stroke-linejoin:round}
.line.thin{stroke-width:1.5;stroke-dasharray:5 3}.line.muted{stroke-width:5;opacity:.35}.bar{fill:currentColor}
.key.thin{background:repeating-linear-gradient(90deg,currentColor 0 5px,transparent 5px 8px)}
.muted{color:var(--c0)}.first{color:var(--c1)}.second{color:var(--c2)}.third{color:var(--c3)}.fourth{color:var(--c4)}
.fifth{color:var(--c5)}
.scroll{overflow-x:auto}table{width:100%;border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{padding:5px 8px;text-align:right;white-space:nowrap}th:first-child,td:first-child,td:nth-child(2):has(code)
{text-align:left}
thead th{color:var(--soft);font-weight:500;border-bottom:1px solid var(--faint)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 18px;margin:0}dt{color:var(--soft)}dd{margin:0}
.quiet{margin:0;color:var(--soft)}
#tip{position:fixed;display:none;pointer-events:none;padding:8px 10px;border-radius:6px;background:var(--ink);
color:var(--paper);font-size:12.5px;line-height:1.45;white-space:pre;font-variant-numeric:tabular-nums}
"""

SCRIPT = """
const tip=document.body.appendChild(document.createElement('div'));tip.id='tip';
for(const svg of document.querySelectorAll('svg[data-points]')){
  const data=JSON.parse(svg.dataset.points),cursor=svg.querySelector('.cursor');
  if(!data.x.length)continue;
  svg.addEventListener('mousemove',event=>{
    const box=svg.getBoundingClientRect(),x=(event.clientX-box.left)*svg.viewBox.baseVal.width/box.width;
    let near=0;data.x.forEach((at,i)=>{if(Math.abs(at-x)<Math.abs(data.x[near]-x))near=i});
    cursor.setAttribute('x1',data.x[near]);cursor.setAttribute('x2',data.x[near]);cursor.style.visibility='visible';
    tip.textContent=data.lines.filter(line=>near<line.y.length)
      .map(line=>line.name+'  '+line.y[near].toLocaleString('en')).join('\\n');
    tip.style.display='block';
    tip.style.left=Math.min(event.clientX+14,innerWidth-tip.offsetWidth-8)+'px';
    tip.style.top=event.clientY+14+'px';
  });
  svg.addEventListener('mouseleave',()=>{tip.style.display='none';cursor.style.visibility='hidden'});
}
"""
